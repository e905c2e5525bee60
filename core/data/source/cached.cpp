#include "data/source/cached.h"

#include "base/error.h"
#include "base/file.h"
#include "data/pixel_memory.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <mutex>

namespace hfc::data {
namespace {

using Path = std::filesystem::path;

/// The file starts with a text that describes its contents. This is followed by one byte per
/// picture (1 if its pixels are present) and by the pixels. Each part fills whole pages.
constexpr int64_t page = 4096;

int64_t whole_pages(int64_t bytes) {
    return (bytes + page - 1) / page * page;
}

[[noreturn]] void fail_with(const char* what, const Path& path, int error) {
    fail("cannot {} the cache file '{}': {}", what, path.string(), std::strerror(error));
}

struct Mapping {
    std::shared_ptr<char> begin;  ///< of the bytes, one per picture
    char* pixels = nullptr;
};

/// Opens the file, or creates it at its full size.
Mapping map_cache(const Path& path, const std::string& text, int64_t pictures, int64_t bytes) {
    require_writable(path);
    const auto marks = page, first_pixel = marks + whole_pages(pictures);
    const auto size = first_pixel + bytes;
    const Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
    struct stat status = {};
    // Locked until the file is complete, because another process may be creating it.
    if (!file.open() || ::flock(file.get(), LOCK_EX) != 0 || ::fstat(file.get(), &status) != 0) {
        fail_with("open", path, errno);
    }
    auto header = text + "\n";
    header.resize(page, '\0');
    if (status.st_size == 0) {
        // Allocates the space now: writing a page when the disk is full would kill the process.
        if (const int error = ::posix_fallocate(file.get(), 0, size); error != 0) {
            ::unlink(path.c_str());
            fail_with("allocate space for", path, error);
        }
        if (::pwrite(file.get(), header.data(), page, 0) != page) {
            fail_with("write", path, errno);
        }
    } else {
        std::string found(page, '\0');
        const auto got = ::pread(file.get(), found.data(), page, 0);
        require(got == page && found == header && status.st_size == size,
                "'{}' is not the cache file that its name indicates: expected {} bytes that start "
                "with \"{}\", found {} bytes; remove the file",
                path.string(), size, text, status.st_size);
    }
    void* const mapped = ::mmap(nullptr, static_cast<size_t>(size), PROT_READ | PROT_WRITE,
                                MAP_SHARED, file.get(), 0);
    if (mapped == MAP_FAILED) {
        fail_with("map", path, errno);
    }
    const std::shared_ptr<void> whole(
        mapped, [size](void* begin) { ::munmap(begin, static_cast<size_t>(size)); });
    auto* const begin = static_cast<char*>(mapped);
    return {std::shared_ptr<char>(whole, begin + marks), begin + first_pixel};
}

class CachedPictures : public Source {
  public:
    CachedPictures(std::shared_ptr<const PictureSource> pictures, const at::Tensor& samples,
                   const Path& folder)
        : pictures_(std::move(pictures)), places_(static_cast<size_t>(pictures_->size()), -1) {
        const auto sorted = std::get<0>(at::sort(samples)).contiguous();
        const auto* index = sorted.const_data_ptr<int64_t>();
        for (int64_t i = 0; i < sorted.size(0); ++i) {
            auto& place = places_[static_cast<size_t>(index[i])];
            place = place < 0 ? count_++ : place;
        }
        const auto [channels, height, width] = pictures_->shape();
        bytes_ = channels * height * width;
        if (folder.empty()) {
            memory_ = make_pixels({count_, bytes_});
            mapping_.begin = std::shared_ptr<char>(new char[static_cast<size_t>(count_)](),
                                                   std::default_delete<char[]>());
            mapping_.pixels = static_cast<char*>(memory_.mutable_data_ptr());
        } else {
            open(folder, sorted);
        }
        left_ = count_ - std::count(mapping_.begin.get(), mapping_.begin.get() + count_, 1);
    }

    const std::string& name() const override { return pictures_->name(); }
    int64_t size() const override { return pictures_->size(); }
    Shape shape() const override { return pictures_->shape(); }
    at::ScalarType dtype() const override { return at::kByte; }
    at::Tensor labels() const override { return pictures_->labels(); }
    const std::vector<std::string>& class_names() const override {
        return pictures_->class_names();
    }
    /// Slow until all pictures have been decoded.
    bool is_slow() const override { return left_ > 0; }
    std::string describe() const override { return pictures_->describe(); }
    std::shared_ptr<const Source> with_recipe(
        const image_file::PictureRecipe& recipe) const override {
        return pictures_->with_recipe(recipe);
    }
    image_file::PictureOptions picture_options() const override {
        return pictures_->picture_options();
    }
    void add_fingerprint(Checksum& checksum, const at::Tensor& samples) const override {
        pictures_->add_fingerprint(checksum, samples);
    }

    void read(const at::Tensor& samples, const Draw& draw, at::Tensor& into) const override {
        const auto* index = samples.const_data_ptr<int64_t>();
        at::parallel_for(0, samples.size(0), 1, [&](int64_t begin, int64_t end) {
            for (auto i = begin; i < end; ++i) {
                read_one(index[i], samples.narrow(0, i, 1), draw, into.narrow(0, i, 1));
            }
        });
    }

  private:
    void open(const Path& folder, const at::Tensor& samples) {
        make_folder(folder);
        Checksum names;
        pictures_->add_stamps(names, samples);
        const auto text =
            fmt::format("hfc-host pixels 1; {}; {} pictures {} of {} bytes; {}", name(), count_,
                        names.text(), bytes_, pictures_->recipe_text());
        require(text.size() < static_cast<size_t>(page), "the name '{}' is too long", name());
        Checksum key;
        key.add_item(text);
        const auto path = folder / fmt::format("hfc-{}-{}.pixels", names.text(), key.text());
        mapping_ = map_cache(path, text, count_, count_ * bytes_);
    }

    void read_one(int64_t sample, const at::Tensor& one, const Draw& draw, at::Tensor into) const {
        const auto place = places_[static_cast<size_t>(sample)];
        if (place < 0) {
            pictures_->read(one, draw, into);
            return;
        }
        std::atomic_ref<char> there(mapping_.begin.get()[place]);
        auto* const kept = mapping_.pixels + place * bytes_;
        auto* const to = static_cast<char*>(into.mutable_data_ptr());
        if (there.load(std::memory_order_acquire) == 1) {
            std::memcpy(to, kept, static_cast<size_t>(bytes_));
            return;
        }
        pictures_->read(one, draw, into);
        const std::scoped_lock lock(writing_);
        if (there.load(std::memory_order_relaxed) != 1) {
            std::memcpy(kept, to, static_cast<size_t>(bytes_));
            there.store(1, std::memory_order_release);
            --left_;
        }
    }

    std::shared_ptr<const PictureSource> pictures_;
    std::vector<int64_t> places_;  ///< of each sample; -1: it is not kept
    int64_t count_ = 0;            ///< samples that are kept
    int64_t bytes_ = 0;            ///< of an image
    at::Tensor memory_;
    Mapping mapping_;
    mutable std::mutex writing_;
    mutable std::atomic<int64_t> left_ = 0;
};

}  // namespace

std::shared_ptr<const Source> cached(std::shared_ptr<const PictureSource> pictures,
                                     const at::Tensor& samples, const Path& folder) {
    require(!pictures->is_random(),
            "'{}' cannot be cached: it has random steps, so its images differ from epoch to epoch",
            pictures->name());
    return std::make_shared<CachedPictures>(std::move(pictures), samples, folder);
}

}  // namespace hfc::data
