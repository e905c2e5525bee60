// Reads a .pt2 file: a zip archive that contains the graph, the descriptions of the weights and
// their bytes. The pickles in it (sample inputs) are not read.
#include "base/error.h"
#include "base/file.h"
#include "model/exported/exported_model.h"
#include "model/exported/scope.h"
#include "tensor_file/zip.h"

#include <ATen/ATen.h>

namespace hfc::model {
namespace {

using exported::expect;
using exported::Json;
using exported::malformed;
using tensor_file::ZipReader;

constexpr uint64_t most_json_bytes = uint64_t{32} << 20;
constexpr const char* how_to_export =
    "export the network in Python: torch.export.save(torch.export.export(net.eval(), (x,)), "
    "\"net.pt2\")";

class Archive {
  public:
    explicit Archive(const std::filesystem::path& path) : zip_(open(path)) {
        constexpr std::string_view graph = "/models/model.json";
        for (const auto& member : zip_.members()) {
            if (member.name.ends_with(graph)) {
                folder_ = member.name.substr(0, member.name.size() - graph.size()) + "/";
            }
        }
        if (folder_.empty()) {
            refuse();
        }
        const auto* const order = zip_.find(folder_ + "byteorder");
        expect(order == nullptr || (order->size < 16 && zip_.read(*order) == "little"),
               "its numbers are not little-endian");
    }

    std::string graph() { return text("models/model.json"); }

    std::map<std::string, at::Tensor> tensors(const exported::Program& program) {
        const auto weights = config("data/weights/model_weights_config.json");
        const auto constants = config("data/constants/model_constants_config.json");
        std::map<std::string, at::Tensor> result;
        for (const auto& state : program.states) {
            const bool stored = state.is_stored();
            const auto& from = stored ? weights : constants;
            const auto found = from.find(state.name);
            expect(found != from.end() && found->is_object(), "its tensor '{}' is missing",
                   state.name);
            try {
                result[state.name] = tensor(*found, stored ? "data/weights/" : "data/constants/");
            } catch (const tensor_file::Malformed& error) {
                malformed("its tensor '{}': {}", state.name, error.what());
            }
        }
        return result;
    }

  private:
    static const std::filesystem::path& open(const std::filesystem::path& path) {
        const InputFile file(path);
        char start[4] = {};
        if (file.size() >= sizeof start) {
            file.read(0, start, sizeof start);
        }
        const std::string_view begin(start, sizeof start);
        expect(begin != std::string_view("\x7f"
                                         "ELF"),
               "it is a compiled program, which is not supported; {}", how_to_export);
        expect(begin.starts_with("PK"), "it is not a torch.export file; {}", how_to_export);
        return path;
    }

    [[noreturn]] void refuse() const {
        bool code = false;
        for (const auto& member : zip_.members()) {
            code = code || member.name.find("/code/") != std::string::npos;
            expect(member.name.find("aotinductor") == std::string::npos,
                   "it is a compiled AOTInductor program, which is not supported; {}",
                   how_to_export);
        }
        expect(!code, "it is a TorchScript file, which is not supported; {}", how_to_export);
        expect(zip_.find_in_any_folder(tensor_file::pickle_name) == nullptr,
               "it is a torch.save file, which contains no graph: load its weights into a network "
               "with model:load_state_dict(torch.load(path)), or {}",
               how_to_export);
        expect(zip_.find_in_any_folder("serialized_exported_program.json") == nullptr,
               "it was written by an older version of PyTorch: export it again with PyTorch 2.15");
        malformed("it is not a torch.export file; {}", how_to_export);
    }

    std::string text(const std::string& name) {
        const auto* const member = zip_.find(folder_ + name);
        expect(member != nullptr, "its member '{}' is missing", name);
        expect(member->size <= most_json_bytes, "its member '{}' has {} bytes, expected at most {}",
               name, member->size, most_json_bytes);
        return zip_.read(*member);
    }

    Json config(const std::string& name) {
        if (zip_.find(folder_ + name) == nullptr) {
            return Json::object();
        }
        auto json = exported::parse_json(text(name), "'" + name + "'");
        const auto found = json.find("config");
        expect(found != json.end() && found->is_object(), "its member '{}' is damaged", name);
        return *found;
    }

    /// The bytes of a member as a one-dimensional tensor. Later calls return the same tensor.
    const at::Tensor& storage(const std::string& name, at::ScalarType type) {
        auto& bytes = storages_[name];
        if (!bytes.defined()) {
            const auto* const member = zip_.find(folder_ + name);
            expect(member != nullptr, "the file has no member '{}'", name);
            expect(member->size <= zip_.file_size(),
                   "the member '{}' has a declared size of {} bytes, but the file has only {}",
                   name, member->size, zip_.file_size());
            bytes = at::empty({static_cast<int64_t>(member->size / at::elementSize(type))},
                              at::TensorOptions(type));
            std::vector<char> rest;
            zip_.read(*member, [&](const tensor_file::ByteSource& source) {
                source.read(bytes.mutable_data_ptr(), bytes.nbytes());
                rest.resize(source.size - bytes.nbytes());
                source.read(rest.data(), rest.size());
            });
        }
        expect(bytes.scalar_type() == type, "the member '{}' is used with two different dtypes",
               name);
        return bytes;
    }

    at::Tensor tensor(const Json& entry, const std::string& folder) {
        const auto pickled = entry.find("use_pickle");
        expect(pickled == entry.end() || *pickled != Json(true),
               "it is pickled, which is not supported");
        const auto& meta = exported::member(entry, "tensor_meta");
        expect(exported::integer_of(exported::member(meta, "layout")) == 7,
               "it is not dense (strided)");
        const auto type =
            exported::scalar_type_of(exported::integer_of(exported::member(meta, "dtype")));
        const auto& name = exported::text_member(entry, "path_name");
        const auto sizes = exported::shape_of(meta);
        std::vector<int64_t> strides;
        for (const auto& stride : exported::list_member(meta, "strides")) {
            const auto [kind, value] = exported::only_member(stride);
            strides.push_back(exported::integer_of(value));
        }
        const auto offset = exported::integer_of(
            exported::only_member(exported::member(meta, "storage_offset")).second);
        const auto whole = storage(folder + name, type);
        check_layout(whole.numel(), sizes, strides, offset);
        auto& made = made_[fmt::format("{} {} {} {}", name, fmt::join(sizes, ","),
                                       fmt::join(strides, ","), offset)];
        if (!made.defined()) {
            made = at::empty({0}, whole.options());
            made.set_(whole.storage(), offset, sizes, strides);
            const auto is_parameter = entry.find("is_param");
            const auto gradient = meta.find("requires_grad");
            made.requires_grad_(is_parameter != entry.end() && *is_parameter == Json(true) &&
                                gradient != meta.end() && *gradient == Json(true) &&
                                at::isFloatingType(type));
        }
        return made;
    }

    static void check_layout(int64_t stored, const exported::Shape& sizes,
                             const std::vector<int64_t>& strides, int64_t offset) {
        expect(sizes.size() == strides.size() && offset >= 0, "its layout is invalid");
        int64_t last = offset;
        int64_t elements = 1;
        bool inside = true;
        for (size_t i = 0; i < sizes.size(); ++i) {
            inside = inside && sizes[i] >= 0 && strides[i] >= 0;
            int64_t step = 0;
            inside =
                inside &&
                !__builtin_mul_overflow(std::max<int64_t>(sizes[i] - 1, 0), strides[i], &step) &&
                !__builtin_add_overflow(last, step, &last) &&
                !__builtin_mul_overflow(elements, sizes[i], &elements);
        }
        expect(inside && (elements == 0 ? offset <= stored : last < stored),
               "it extends beyond the {} values stored for it", stored);
        // Limits the size of expanded tensors, because copying one stores every element.
        expect(elements <= std::max<int64_t>(stored, 1'000'000),
               "its shape requires {} values, but only {} are stored", elements, stored);
    }

    ZipReader zip_;
    std::string folder_;
    std::map<std::string, at::Tensor> storages_;
    std::map<std::string, at::Tensor> made_;
};

}  // namespace

std::shared_ptr<ExportedModel> load_exported(const std::filesystem::path& path,
                                             std::vector<std::string>* notes) {
    try {
        Archive archive(path);
        auto program =
            std::make_shared<const exported::Program>(exported::parse_program(archive.graph()));
        auto model = std::make_shared<ExportedModel>(program, archive.tensors(*program),
                                                     path.filename().string());
        if (notes != nullptr) {
            *notes = program->notes;
        }
        return model;
    } catch (const tensor_file::Malformed& error) {
        fail("cannot read '{}': {}", path.string(), error.what());
    } catch (const c10::Error& error) {
        fail("cannot read '{}': {}", path.string(), short_message(error));
    }
}

}  // namespace hfc::model
