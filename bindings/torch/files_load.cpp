// torch.load: files written by torch.save, NumPy, safetensors and PyTorch.
#include "base/device.h"
#include "bindings/runtime/registry.h"
#include "bindings/torch/files.h"
#include "bindings/torch/tensor.h"
#include "tensor_file/tensor_file.h"

#include <ATen/Functions.h>

#include <charconv>

namespace hfc::lua {
namespace {

using tensor_file::NamedTensors;
using tensor_file::Tree;

/// Pushes the values that torch.save described in JSON.
class Rebuilder {
  public:
    Rebuilder(lua_State* L, const std::string& path, const NamedTensors& tensors)
        : L_(L), path_(path) {
        for (const auto& [name, tensor] : tensors) {
            tensors_[name] = tensor;
        }
    }

    void push_value(const StructureJson& value, int depth) {
        luaL_checkstack(L_, 8, "tables nested too deeply");
        if (value.is_boolean()) {
            push(L_, value.get<bool>());
        } else if (value.is_number()) {
            push(L_, value.get<double>());
        } else if (value.is_string()) {
            push(L_, value.get<std::string>());
        } else if (value.is_object() && value.contains("number") && value["number"].is_string()) {
            push(L_, std::strtod(value["number"].get<std::string>().c_str(), nullptr));
        } else if (value.is_object() && value.contains("bytes") && value["bytes"].is_string()) {
            push(L_, from_hex(value["bytes"].get<std::string>()));
        } else if (value.is_object() && value.contains("tensor") && value["tensor"].is_string()) {
            const auto found = tensors_.find(value["tensor"].get<std::string>());
            require(found != tensors_.end(),
                    "'{}': the stored structure refers to a tensor that the file does not contain",
                    path_);
            push(L_, found->second);
        } else {
            push_table(value, depth);
        }
    }

  private:
    std::string from_hex(const std::string& digits) const {
        std::string bytes(digits.size() / 2, '\0');
        for (size_t i = 0; i < bytes.size(); ++i) {
            const auto* const first = digits.data() + 2 * i;
            unsigned char byte = 0;
            const auto [end, error] = std::from_chars(first, first + 2, byte, 16);
            require(error == std::errc{} && end == first + 2,
                    "'{}': the stored structure is damaged", path_);
            bytes[i] = static_cast<char>(byte);
        }
        return bytes;
    }

    void push_table(const StructureJson& value, int depth) {
        const bool valid = depth < deepest_structure && value.is_object() &&
                           value.contains("table") && value["table"].is_array();
        require(valid, "'{}': the stored structure is damaged", path_);
        lua_newtable(L_);
        for (const auto& entry : value["table"]) {
            require(entry.is_array() && entry.size() == 2 &&
                        (entry[0].is_string() || entry[0].is_number() || entry[0].is_boolean() ||
                         entry[0].contains("bytes")),
                    "'{}': the stored structure is damaged", path_);
            push_value(entry[0], depth + 1);
            push_value(entry[1], depth + 1);
            lua_rawset(L_, -3);
        }
    }

    lua_State* L_;
    const std::string& path_;
    std::map<std::string, at::Tensor> tensors_;
};

}  // namespace

void push_flattened(lua_State* L, const std::string& path, const StructureJson& structure,
                    const NamedTensors& tensors) {
    Rebuilder(L, path, tensors).push_value(structure, 0);
}

namespace {

/// Pushes the values of a file that Python wrote. Lists start at 1, dicts keep their keys, and None
/// becomes nil.
class TreePusher {
  public:
    TreePusher(lua_State* L, at::Device device) : L_(L), device_(device) {}

    void push_value(const Tree& tree) {
        luaL_checkstack(L_, 8, "tables nested too deeply");
        if (const auto* const tensor = tree.get<at::Tensor>()) {
            push(L_, tensor->to(device_));
        } else if (const auto* const boolean = tree.get<bool>()) {
            push(L_, *boolean);
        } else if (const auto* const integer = tree.get<int64_t>()) {
            push_integer(*integer);
        } else if (const auto* const real = tree.get<double>()) {
            push(L_, *real);
        } else if (const auto* const text = tree.get<std::string>()) {
            push(L_, *text);
        } else if (const auto* const list = tree.get<tensor_file::TreeList>()) {
            push_list(*list);
        } else if (const auto* const dict = tree.get<tensor_file::TreeDict>()) {
            push_dict(*dict);
        } else {
            lua_pushnil(L_);
        }
    }

  private:
    static bool is_exact(int64_t integer) {
        constexpr int64_t most = int64_t{1} << 53;
        return integer <= most && integer >= -most;
    }

    /// Pushes a Lua number if it can represent the integer, else a tensor without dimensions.
    void push_integer(int64_t integer) {
        if (is_exact(integer)) {
            push(L_, integer);
        } else {
            push(L_, at::scalar_tensor(integer, at::kLong));
        }
    }

    void push_list(const tensor_file::TreeList& list) {
        lua_createtable(L_, static_cast<int>(list.items.size()), 0);
        for (size_t i = 0; i < list.items.size(); ++i) {
            push_value(list.items[i]);
            lua_rawseti(L_, -2, static_cast<int>(i) + 1);
        }
    }

    void push_dict(const tensor_file::TreeDict& dict) {
        lua_createtable(L_, 0, static_cast<int>(dict.entries.size()));
        for (const auto& [key, value] : dict.entries) {
            const auto* const integer = key.get<int64_t>();
            const auto* const real = key.get<double>();
            const bool as_text = (integer != nullptr && !is_exact(*integer)) ||
                                 (real != nullptr && std::isnan(*real));
            push_value(as_text ? Tree{key_text(key)} : key);
            push_value(value);
            lua_rawset(L_, -3);
        }
    }

    lua_State* L_;
    at::Device device_;
};

/// Prints one line about objects that were left out. Their names come from an untrusted file, so
/// characters other than printable ASCII are replaced.
void report_left_out(const std::string& path, const std::vector<std::string>& left_out) {
    constexpr size_t most_shown = 8;
    const auto shown = std::min(left_out.size(), most_shown);
    auto names = fmt::format(
        "{}",
        fmt::join(left_out.begin(), left_out.begin() + static_cast<std::ptrdiff_t>(shown), ", "));
    std::ranges::replace_if(
        names, [](unsigned char c) { return c < 0x20 || c >= 0x7f; }, '?');
    if (left_out.size() > shown) {
        names += fmt::format(" and {} more", left_out.size() - shown);
    }
    std::fprintf(stderr,
                 "hfc-host: torch.load: '%s': skipped objects of unsupported classes: "
                 "%s\n",
                 path.c_str(), names.c_str());
}

/// The device `map_location`, which is either a named option or the second argument.
at::Device map_location(Call& call) {
    if (lua_type(call.L, 2) == LUA_TSTRING) {
        return parse_device(call.argument(2, "map_location").text());
    }
    auto options = call.options(2);
    const auto device = parse_device(options.text("map_location", "cpu"));
    options.boolean("weights_only", true);  // has no effect: torch.load never runs code
    options.finish();
    return device;
}

int load(Call& call) {
    call.at_most(2);
    const std::string path = call.argument(1, "path").text();
    const at::Device device = map_location(call);
    const auto content = tensor_file::read(path);
    if (!content.left_out.empty()) {
        report_left_out(path, content.left_out);
    }
    const auto structure = content.metadata.find(structure_key);
    if (structure == content.metadata.end()) {
        TreePusher(call.L, device).push_value(content.value);
        return 1;
    }
    auto tensors = flatten(content.value);
    for (auto& [name, tensor] : tensors) {
        tensor = tensor.to(device);
    }
    const auto json = StructureJson::parse(structure->second, nullptr, /*allow_exceptions=*/false);
    push_flattened(call.L, path, json, tensors);
    return 1;
}

const std::vector<Declaration> load_declarations = {
    {"torch.load", load,
     "torch.load(path, {map_location = \"cpu\"}) -> what was saved\n\n"
     "Reads .safetensors, .npz and .npy files, files from Python's torch.save (.pt, .pth, .th; "
     "including those from before PyTorch 1.6) and other pickles. The contents of the file, not "
     "its extension, determine the format. hfc-host does not execute anything in the file.\n"
     "Dicts become tables: integer and boolean keys do not change, and other keys become strings, "
     "as Python prints them. Lists and tuples become lists that start at 1. None becomes nil, so "
     "its key is absent, or its place in a list is empty. Integers beyond 2^53 become tensors. "
     "NumPy arrays become tensors, and NumPy scalars become numbers. Sets become lists; paths, "
     "dtypes and devices become strings. Objects of other classes are left out, and one line on "
     "stderr names them.\n"
     "map_location: the device of the tensors (can also be given as the second argument). "
     "weights_only is accepted and has no effect.\n"
     "Errors: a damaged or truncated file, a file that would run code. The message says what is "
     "wrong in the file."},
};

}  // namespace

namespace detail {

void register_loading(lua_State* L) {
    declare(L, load_declarations);
}

}  // namespace detail
}  // namespace hfc::lua
