#include "tensor_file/zip.h"

#include "base/error.h"

#include <zip.h>

#include <algorithm>
#include <array>
#include <unordered_set>

namespace hfc::tensor_file {
namespace {

struct CloseFile {
    void operator()(zip_file* file) const { zip_fclose(file); }
};
using OpenFile = std::unique_ptr<zip_file, CloseFile>;

/// Deflate compresses by a factor of at most 1032. A member that claims more is rejected before
/// memory is allocated for it.
constexpr uint64_t largest_ratio = 1040;

void read_exactly(zip_file* file, const std::string& name, void* to, size_t count) {
    size_t done = 0;
    while (done < count) {
        const auto got = zip_fread(file, static_cast<char*>(to) + done, count - done);
        expect(got >= 0, "its member '{}' is damaged: {}", name, zip_file_strerror(file));
        expect(got > 0, "its member '{}' ends too early", name);
        done += static_cast<size_t>(got);
    }
}

}  // namespace

ZipReader::ZipReader(const std::filesystem::path& path) : file_size_(InputFile(path).size()) {
    int code = 0;
    archive_ = zip_open(path.c_str(), ZIP_RDONLY, &code);
    if (archive_ == nullptr) {
        zip_error_t error;
        zip_error_init_with_code(&error, code);
        const std::string reason = zip_error_strerror(&error);
        zip_error_fini(&error);
        malformed("it starts like a zip archive but is damaged: {}", reason);
    }
    try {
        std::unordered_set<std::string> names;
        const auto count = zip_get_num_entries(archive_, 0);
        for (zip_int64_t i = 0; i < count; ++i) {
            members_.push_back(describe(static_cast<uint64_t>(i)));
            expect(names.insert(members_.back().name).second, "it has two members named '{}'",
                   members_.back().name);
        }
    } catch (...) {
        zip_discard(archive_);
        throw;
    }
}

ZipReader::~ZipReader() {
    zip_discard(archive_);
}

ZipReader::Member ZipReader::describe(uint64_t index) {
    zip_stat_t status;
    const auto wanted =
        zip_uint64_t{ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD};
    expect(zip_stat_index(archive_, index, 0, &status) == 0 && (status.valid & wanted) == wanted,
           "its zip directory is damaged");
    expect(
        status.comp_method == ZIP_CM_STORE || status.comp_method == ZIP_CM_DEFLATE,
        "its member '{}' is compressed with the zip method {}, expected stored (0) or deflated (8)",
        status.name, status.comp_method);
    const auto most =
        status.comp_method == ZIP_CM_STORE ? status.comp_size : status.comp_size * largest_ratio;
    expect(status.comp_size <= file_size_ && status.size <= most,
           "its member '{}' has a declared size of {} bytes, more than its {} compressed bytes can "
           "expand to",
           status.name, status.size, status.comp_size);
    packed_size_ += status.comp_size;
    expect(packed_size_ <= file_size_,
           "the total compressed size of its zip members exceeds the file size ({} bytes)",
           file_size_);
    return {status.name, status.size, index};
}

const ZipReader::Member* ZipReader::find(std::string_view name) const {
    const auto found = std::find_if(members_.begin(), members_.end(),
                                    [&](const Member& member) { return member.name == name; });
    return found == members_.end() ? nullptr : &*found;
}

const ZipReader::Member* ZipReader::find_in_any_folder(std::string_view name) const {
    // Without a slash, rfind() returns the largest number, and adding one gives 0.
    const auto found = std::find_if(members_.begin(), members_.end(), [&](const Member& member) {
        return std::string_view(member.name).substr(member.name.rfind('/') + 1) == name;
    });
    return found == members_.end() ? nullptr : &*found;
}

void ZipReader::read(const Member& member, const std::function<void(const ByteSource&)>& use) {
    const OpenFile file(zip_fopen_index(archive_, member.index, 0));
    expect(file != nullptr, "its member '{}' cannot be opened: {}", member.name,
           zip_strerror(archive_));
    use({member.size,
         [&](void* to, size_t count) { read_exactly(file.get(), member.name, to, count); }});
    // libzip compares the checksum when it reaches the end.
    char beyond = 0;
    const auto got = zip_fread(file.get(), &beyond, 1);
    expect(got >= 0, "its member '{}' is damaged: {}", member.name, zip_file_strerror(file.get()));
    expect(got == 0, "its member '{}' is longer than its declared size of {} bytes", member.name,
           member.size);
}

void ZipReader::read(const Member& member, void* to) {
    read(member, [&](const ByteSource& source) { source.read(to, source.size); });
}

std::string ZipReader::read(const Member& member) {
    std::string bytes(member.size, '\0');
    read(member, bytes.data());
    return bytes;
}

/// The data that libzip reads when the archive is closed. Its address must not change until then.
struct ZipWriter::Content {
    std::string start;
    at::Tensor tensor;
    std::array<zip_buffer_fragment_t, 2> fragments;
};

ZipWriter::ZipWriter() {
    zip_error_t error;
    zip_error_init(&error);
    buffer_ = zip_source_buffer_create(nullptr, 0, 0, &error);
    archive_ = buffer_ == nullptr ? nullptr : zip_open_from_source(buffer_, ZIP_TRUNCATE, &error);
    if (archive_ == nullptr) {
        zip_source_free(buffer_);
        fail("libzip cannot create an archive: {}", zip_error_strerror(&error));
    }
    zip_source_keep(buffer_);
}

ZipWriter::~ZipWriter() {
    if (archive_ != nullptr) {
        zip_discard(archive_);
    }
    zip_source_free(buffer_);
}

void ZipWriter::add(const std::string& name, std::string start, at::Tensor tensor) {
    auto& content = *contents_.emplace_back(
        std::make_unique<Content>(Content{std::move(start), std::move(tensor), {}}));
    const auto piece = [](std::string_view bytes) {
        return zip_buffer_fragment_t{
            reinterpret_cast<zip_uint8_t*>(const_cast<char*>(bytes.data())), bytes.size()};
    };
    content.fragments = {piece(content.start), piece(bytes_of(content.tensor))};
    auto* source = zip_source_buffer_fragment(archive_, content.fragments.data(),
                                              content.tensor.nbytes() == 0 ? 1 : 2, 0);
    const auto index =
        source == nullptr ? -1 : zip_file_add(archive_, name.c_str(), source, ZIP_FL_ENC_UTF_8);
    if (index < 0) {
        zip_source_free(source);
        fail("member '{}' cannot be added to the archive (names must be UTF-8): {}", name,
             zip_strerror(archive_));
    }
    const auto place = static_cast<zip_uint64_t>(index);
    zip_set_file_compression(archive_, place, ZIP_CM_STORE, 0);
    zip_file_set_dostime(archive_, place, 0, (1 << 5) | 1,
                         0);  // 1980-01-01, so that the same tensors give the same bytes
}

void ZipWriter::finish(const std::function<void(std::string_view)>& write) {
    require(zip_close(archive_) == 0, "the archive cannot be created: {}", zip_strerror(archive_));
    archive_ = nullptr;
    require(zip_source_open(buffer_) == 0, "the archive cannot be read back: {}",
            zip_error_strerror(zip_source_error(buffer_)));
    std::string piece(size_t{1} << 20, '\0');
    for (zip_int64_t got = 0; (got = zip_source_read(buffer_, piece.data(), piece.size())) != 0;) {
        require(got > 0, "the archive cannot be read back: {}",
                zip_error_strerror(zip_source_error(buffer_)));
        write({piece.data(), static_cast<size_t>(got)});
    }
    zip_source_close(buffer_);
}

}  // namespace hfc::tensor_file
