#include "data/source/pictures.h"

#include "base/error.h"
#include "base/interrupt.h"
#include "base/random.h"
#include "data/pixel_memory.h"
#include "data/readers.h"
#include "image_file/image_file.h"
#include "image_file/read_picture.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <system_error>

namespace hfc::data {
namespace {

/// Each thread has its own reader, which keeps its memory from one picture to the next.
image_file::PictureReader& reader_of_this_thread() {
    thread_local image_file::PictureReader reader;
    return reader;
}

/// Adds all names, but only some sizes, because each size takes a system call. A size that cannot
/// be read is left empty; the reason is reported when the picture is read.
void add_files(Checksum& checksum, const PictureFiles& pictures, const at::Tensor& samples) {
    constexpr int64_t most_sizes = 10'000;
    const auto count = samples.size(0);
    const auto every = (count + most_sizes - 1) / most_sizes;
    const auto* indices = samples.const_data_ptr<int64_t>();
    for (int64_t i = 0; i < count; ++i) {
        checksum.add_item(pictures.name(indices[i]));
        if (i % every == 0) {
            const auto bytes = pictures.bytes(indices[i]);
            checksum.add_item(bytes ? std::to_string(*bytes) : "");
        }
    }
}

/// Pictures that have already been decoded.
class DecodedPictures : public TensorSource {
  public:
    DecodedPictures(std::shared_ptr<const Images> images,
                    std::shared_ptr<const PictureSource> pictures)
        : TensorSource(std::move(images)), pictures_(std::move(pictures)) {}

    std::string describe() const override { return pictures_->describe(); }
    std::shared_ptr<const Source> with_recipe(
        const image_file::PictureRecipe& recipe) const override {
        return decoded_if_it_fits(pictures_->streamed(recipe));
    }
    image_file::PictureOptions picture_options() const override {
        return pictures_->picture_options();
    }
    void add_fingerprint(Checksum& checksum, const at::Tensor& samples) const override {
        pictures_->add_fingerprint(checksum, samples);
    }

  private:
    std::shared_ptr<const PictureSource> pictures_;
};

void require_good(const std::vector<BadSample>& bad, int64_t all) {
    if (bad.empty()) {
        return;
    }
    if (bad.size() == 1) {
        fail("{}", bad.front().reason);
    }
    std::vector<std::string> reasons;
    std::ranges::transform(bad, std::back_inserter(reasons), &BadSample::reason);
    fail("{} of {} images cannot be read{}: {}", bad.size(), all,
         bad.size() >= most_bad_samples ? " (the remaining images were not read)" : "",
         fmt::join(reasons, "; "));
}

}  // namespace

std::optional<uint64_t> FolderFiles::bytes(int64_t i) const {
    std::error_code error;
    const auto bytes = std::filesystem::file_size(list_.path(i), error);
    return error ? std::nullopt : std::optional<uint64_t>(bytes);
}

int64_t written_at(const std::filesystem::path& path) {
    std::error_code error;
    const auto time = std::filesystem::last_write_time(path, error);
    return error ? 0 : static_cast<int64_t>(time.time_since_epoch().count());
}

PictureSource::PictureSource(std::string name, List pictures, image_file::PictureRecipe recipe,
                             std::string description)
    : name_(std::move(name)),
      pictures_(std::move(pictures)),
      recipe_(std::move(recipe)),
      description_(std::move(description)) {
    image_file::prepare_image_codec();
}

uint64_t PictureSource::bytes() const {
    return static_cast<uint64_t>(size() * 3 * recipe_.size() * recipe_.size());
}

at::Tensor PictureSource::labels() const {
    auto labels = at::empty({size()}, at::kLong);
    auto* to = labels.mutable_data_ptr<int64_t>();
    for (int64_t label = 0; label < std::ssize(class_names()); ++label) {
        to = std::fill_n(to, pictures_->count(label), label);
    }
    return labels;
}

void PictureSource::read_one(int64_t sample, const double* random, uint8_t* planes) const {
    const std::span numbers(random, static_cast<size_t>(recipe_.numbers()));
    const image_file::Size image_size{recipe_.size(), recipe_.size()};
    auto& reader = reader_of_this_thread();
    reader.set_options(recipe_.options());
    pictures_->read(
        sample, reader,
        [&](const image_file::Size& picture) {
            try {
                return recipe_.geometry(picture, numbers);
            } catch (const Error& error) {
                fail("the image '{}': {}", pictures_->name(sample), error.what());
            }
        },
        image_size, planes);
    for (const auto& change : recipe_.colors(numbers)) {
        change_colors(change, planes, recipe_.size() * recipe_.size());
    }
}

void PictureSource::read(const at::Tensor& samples, const Draw& draw, at::Tensor& into) const {
    const auto numbers = recipe_.numbers();
    const auto purpose = fmt::format("pictures epoch {}", draw.epoch);
    const auto random = uniform_by_sample(samples, numbers, draw.seed, purpose);
    const auto* indices = samples.const_data_ptr<int64_t>();
    const auto* all_random = random.const_data_ptr<double>();
    auto* planes = into.mutable_data_ptr<uint8_t>();
    const auto bytes = 3 * recipe_.size() * recipe_.size();
    at::parallel_for(0, samples.size(0), 1, [&](int64_t begin, int64_t end) {
        for (auto i = begin; i < end; ++i) {
            check_interrupt();
            read_one(indices[i], all_random + i * numbers, planes + i * bytes);
        }
    });
}

std::shared_ptr<const PictureSource> PictureSource::streamed(
    const image_file::PictureRecipe& recipe) const {
    return std::make_shared<PictureSource>(name_, pictures_, recipe, recipe.describe());
}

void PictureSource::add_fingerprint(Checksum& checksum, const at::Tensor& samples) const {
    checksum.add_item(recipe_.fingerprint());
    add_files(checksum, *pictures_, samples);
}

void PictureSource::add_stamps(Checksum& checksum, const at::Tensor& samples) const {
    const auto* indices = samples.const_data_ptr<int64_t>();
    for (int64_t i = 0; i < samples.size(0); ++i) {
        const auto bytes = pictures_->bytes(indices[i]).value_or(0);
        checksum.add_item(fmt::format("{} {} {}", pictures_->name(indices[i]), bytes,
                                      pictures_->written(indices[i])));
    }
}

std::shared_ptr<const Source> decoded(std::shared_ptr<const PictureSource> pictures) {
    auto images = std::make_shared<Images>();
    images->name = pictures->name();
    images->class_names = pictures->class_names();
    images->labels = pictures->labels();
    const auto [channels, height, width] = pictures->shape();
    images->pixels = make_pixels({pictures->size(), channels, height, width});
    require_good(read_all(*pictures, at::arange(pictures->size(), at::kLong), &images->pixels),
                 pictures->size());
    return std::make_shared<DecodedPictures>(images, std::move(pictures));
}

std::shared_ptr<const Source> decoded_if_it_fits(std::shared_ptr<const PictureSource> pictures) {
    if (pictures->is_random() || pictures->bytes() > free_pixel_memory()) {
        return pictures;
    }
    return decoded(std::move(pictures));
}

}  // namespace hfc::data
