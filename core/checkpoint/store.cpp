#include "checkpoint/store.h"

#include "base/error.h"
#include "base/file.h"
#include "base/json_depth.h"
#include "base/utf8.h"

#include <zlib.h>

#include <algorithm>
#include <charconv>

namespace hfc::checkpoint {
namespace {

constexpr int64_t format = 1;
constexpr std::string_view prefix = "checkpoint-";
/// Apart from tensors, a checkpoint contains only a few numbers per epoch, so a larger file is not
/// ours.
constexpr uint64_t state_limit = uint64_t{64} << 20;

uint32_t checksum(std::string_view bytes) {
    return static_cast<uint32_t>(
        ::crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

struct Fingerprint {
    uint64_t bytes = 0;
    uint32_t crc32 = 0;
    bool operator==(const Fingerprint&) const = default;
};

Fingerprint fingerprint(const std::filesystem::path& path) {
    const InputFile file(path);
    Fingerprint result{file.size(), 0};
    std::string piece;
    for (uint64_t offset = 0; offset < file.size(); offset += piece.size()) {
        piece.resize(std::min<uint64_t>(file.size() - offset, 1 << 20));
        file.read(offset, piece.data(), piece.size());
        result.crc32 = static_cast<uint32_t>(
            ::crc32_z(result.crc32, reinterpret_cast<const Bytef*>(piece.data()), piece.size()));
    }
    return result;
}

/// The number in "checkpoint-000000042.json", or nothing.
std::optional<int64_t> number_of(const std::filesystem::path& path) {
    const auto stem = path.stem().string();
    if (path.extension() != ".json" || !stem.starts_with(prefix)) {
        return std::nullopt;
    }
    int64_t number = 0;
    const auto [end, error] =
        std::from_chars(stem.data() + prefix.size(), stem.data() + stem.size(), number);
    return error == std::errc() && end == stem.data() + stem.size() && number >= 0
               ? std::optional(number)
               : std::nullopt;
}

/// Files left over from versions in which temporary files had no locks:
/// "checkpoint-NUMBER.json.PROCESS.tmp".
bool is_old_temporary(const std::filesystem::path& path) {
    const auto process = path.stem().extension().string();
    return path.extension() == ".tmp" && path.filename().string().starts_with(prefix) &&
           process.size() > 1 && process.find_first_not_of("0123456789", 1) == std::string::npos;
}

/// The files in a directory; none if it cannot be read.
std::vector<std::filesystem::path> files_in(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> files;
    std::error_code error;
    for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error)) {
        files.push_back(entry->path());
    }
    return files;
}

Json parse(const std::filesystem::path& path) {
    const auto text = read_file(path, state_limit);
    require(!nests_deeper(text),
            "'{}' is not a checkpoint: its JSON is nested deeper than {} levels", path.string(),
            deepest_json);
    try {
        return Json::parse(text);
    } catch (const Json::exception&) {
        fail("'{}' is not a complete JSON file", path.string());
    }
}

}  // namespace

const at::Tensor& Checkpoint::tensor(const std::string& name) const {
    const auto found =
        std::ranges::find(tensors, name, [](const auto& named) { return named.first; });
    require(found != tensors.end(), "the checkpoint lacks the tensor '{}'", name);
    return found->second;
}

Store::Store(std::filesystem::path folder, int64_t keep) : folder_(std::move(folder)), keep_(keep) {
    require(keep >= 1, "checkpoints: the number to keep must be at least 1, got {}", keep);
}

std::filesystem::path Store::path(int64_t number, const char* extension) const {
    return folder_ / fmt::format("{}{:09}{}", prefix, number, extension);
}

void Store::save(int64_t number, const Checkpoint& checkpoint) const {
    require(number >= 0, "checkpoints: the number of a checkpoint must be >= 0, got {}", number);
    make_folder(folder_);
    const auto tensors = path(number, ".safetensors");
    // A checkpoint with this number may exist if a run was stopped after writing it. Its JSON file
    // is removed first, so that the old checkpoint is ignored while it is being replaced.
    std::error_code ignored;
    std::filesystem::remove(path(number, ".json"), ignored);
    tensor_file::save(tensors, checkpoint.tensors);
    const auto written = fingerprint(tensors);
    const Json file = {{"format", format},
                       {"tensors", {{"bytes", written.bytes}, {"crc32", written.crc32}}},
                       {"state_crc32", checksum(json_text(checkpoint.state))},
                       {"state", checkpoint.state}};
    write_file(path(number, ".json"), json_text(file, 1) + "\n");
    prune(keep_);
}

void Store::link(int64_t number, const Store& to, int64_t to_number) const {
    make_folder(to.folder_);
    for (const auto* extension : {".json", ".safetensors"}) {
        std::error_code ignored;
        std::filesystem::remove(to.path(to_number, extension), ignored);
    }
    // The JSON file completes the checkpoint, so it comes last.
    for (const auto* extension : {".safetensors", ".json"}) {
        const auto from = path(number, extension), target = to.path(to_number, extension);
        std::error_code error;
        std::filesystem::create_hard_link(from, target, error);
        if (error) {
            write_file(target, read_file(from));
        }
    }
    to.prune(to.keep_);
}

Checkpoint Store::load(int64_t number) const {
    const auto name = path(number, ".json");
    const auto file = parse(name);
    try {
        require(file.at("format").get<int64_t>() == format,
                "'{}' uses format {}, but this program reads only format {}", name.string(),
                file.at("format").dump(), format);
        Checkpoint checkpoint;
        checkpoint.state = file.at("state");
        require(checksum(json_text(checkpoint.state)) == file.at("state_crc32").get<uint32_t>(),
                "'{}' is damaged: its checksum does not match", name.string());
        const auto tensors = path(number, ".safetensors");
        const Fingerprint expected{file.at("tensors").at("bytes").get<uint64_t>(),
                                   file.at("tensors").at("crc32").get<uint32_t>()};
        require(fingerprint(tensors) == expected,
                "'{}' is damaged: its length or checksum does not match", tensors.string());
        checkpoint.tensors = tensor_file::load(tensors);
        return checkpoint;
    } catch (const Json::exception&) {
        fail("'{}' is not a checkpoint: a field is missing or has the wrong type", name.string());
    }
}

std::vector<int64_t> Store::numbers() const {
    std::vector<int64_t> found;
    for (const auto& file : files_in(folder_)) {
        if (const auto number = number_of(file)) {
            found.push_back(*number);
        }
    }
    std::sort(found.begin(), found.end());
    return found;
}

std::optional<Checkpoint> Store::newest(const std::function<void(const std::string&)>& warn) const {
    const auto all = numbers();
    for (auto number = all.rbegin(); number != all.rend(); ++number) {
        try {
            return load(*number);
        } catch (const Error& error) {
            if (warn) {
                warn(fmt::format(
                    "{}; {}", error.what(),
                    number + 1 == all.rend()
                        ? "there is no previous checkpoint, so training starts from the beginning"
                        : "using the previous checkpoint"));
            }
        }
    }
    return std::nullopt;
}

void Store::prune(int64_t keep) const {
    const auto all = numbers();
    const auto kept = std::min<size_t>(all.size(), static_cast<size_t>(keep));
    for (auto number = all.begin(); number != all.end() - static_cast<std::ptrdiff_t>(kept);
         ++number) {
        std::error_code ignored;
        std::filesystem::remove(path(*number, ".json"), ignored);
        std::filesystem::remove(path(*number, ".safetensors"), ignored);
    }
    remove_orphans(folder_, std::string(prefix));
    for (const auto& file : files_in(folder_)) {
        if (is_old_temporary(file)) {
            remove_orphan(file);
        }
    }
}

}  // namespace hfc::checkpoint
