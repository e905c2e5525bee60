// Picture files, decoded whenever they are needed, or all at once.
#pragma once

#include "data/source.h"
#include "data/source/picture_files.h"
#include "data/source/tensors.h"
#include "image_file/recipe.h"

#include <memory>
#include <optional>
#include <string>

namespace hfc::data {

/// Pictures that are read from their files whenever they are needed, so even a large number of them
/// takes little memory. Random numbers depend only on the seed, the epoch and the picture.
class PictureSource : public Source {
  public:
    using List = std::shared_ptr<const PictureFiles>;

    /// description: the part of views' names that describes the recipe; "" for the default recipe.
    PictureSource(std::string name, List pictures, image_file::PictureRecipe recipe,
                  std::string description = {});

    const std::string& name() const override { return name_; }
    int64_t size() const override { return pictures_->size(); }
    Shape shape() const override { return {3, recipe_.size(), recipe_.size()}; }
    at::ScalarType dtype() const override { return at::kByte; }
    at::Tensor labels() const override;
    const std::vector<std::string>& class_names() const override {
        return pictures_->class_names();
    }
    /// The size of all decoded images together, in bytes.
    uint64_t bytes() const;
    void read(const at::Tensor& samples, const Draw& draw, at::Tensor& into) const override;
    bool is_slow() const override { return true; }
    /// Whether a picture differs from epoch to epoch.
    bool is_random() const { return recipe_.numbers() > 0; }
    /// A description of all steps for a picture.
    std::string recipe_text() const { return recipe_.fingerprint(); }
    /// Adds the names, sizes and times of the files of `samples`.
    void add_stamps(Checksum& checksum, const at::Tensor& samples) const;
    std::string describe() const override { return description_; }
    std::shared_ptr<const Source> with_recipe(
        const image_file::PictureRecipe& recipe) const override {
        return streamed(recipe);
    }
    /// Like with_recipe(), but returns a PictureSource.
    std::shared_ptr<const PictureSource> streamed(const image_file::PictureRecipe& recipe) const;
    image_file::PictureOptions picture_options() const override { return recipe_.options(); }
    /// Adds the recipe, the names of the files, and the sizes of at most 10 000 of them.
    void add_fingerprint(Checksum& checksum, const at::Tensor& samples) const override;

  private:
    void read_one(int64_t sample, const double* random, uint8_t* planes) const;

    std::string name_;
    List pictures_;
    image_file::PictureRecipe recipe_;
    std::string description_;
};

/// Returns a source of the same pictures, which are decoded immediately into memory (or a mapped
/// file: see make_pixels()). Throws Error naming up to ten pictures that cannot be read.
std::shared_ptr<const Source> decoded(std::shared_ptr<const PictureSource> pictures);

/// Returns decoded(pictures) if nothing is random and the images fit into free_pixel_memory().
/// Otherwise returns `pictures`, which are then read whenever they are needed.
std::shared_ptr<const Source> decoded_if_it_fits(std::shared_ptr<const PictureSource> pictures);

}  // namespace hfc::data
