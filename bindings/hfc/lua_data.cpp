#include "bindings/hfc/lua_data.h"

#include "base/dtype_name.h"
#include "base/error.h"
#include "bindings/runtime/code.h"
#include "bindings/runtime/error.h"
#include "bindings/runtime/lua_thread.h"
#include "bindings/torch/tensor.h"
#include "data/loader.h"

#include <ATen/ATen.h>

#include <optional>

namespace hfc::lua {
namespace {

struct Sample {
    at::Tensor image;
    std::optional<int64_t> label;
};

class LuaSource : public data::Source {
  public:
    LuaSource(lua_State* L, LuaSourceSettings settings)
        : settings_(std::move(settings)), dump_(code_of(L)), get_(L) {
        const auto first = get(0);
        const auto& image = first.image;
        shape_ = {image.size(0), image.size(1), image.size(2)};
        dtype_ = image.scalar_type();
        if (first.label) {
            read_labels(*first.label);
        }
    }

    const std::string& name() const override { return settings_.name; }
    int64_t size() const override { return settings_.size; }
    data::Shape shape() const override { return shape_; }
    at::ScalarType dtype() const override { return dtype_; }
    at::Tensor labels() const override { return labels_; }
    const std::vector<std::string>& class_names() const override { return settings_.class_names; }
    bool runs_script() const override { return true; }

    void read(const at::Tensor& samples, const data::Draw&, at::Tensor& into) const override {
        const auto* index = samples.const_data_ptr<int64_t>();
        for (int64_t i = 0; i < samples.size(0); ++i) {
            const auto sample = get(index[i]);
            const auto& image = sample.image;
            require(image.sizes() == at::IntArrayRef(shape_) && image.scalar_type() == dtype_,
                    "get({}) must return a Tensor {} [{}] like get(0), got {}", index[i],
                    dtype_name(dtype_), fmt::join(shape_, ", "), describe_tensor(image));
            require_same_label(index[i], sample.label);
            into[i].copy_(image);
        }
    }

    void add_fingerprint(data::Checksum& checksum, const at::Tensor&) const override {
        checksum.add_item(dump_);
    }

  private:
    Sample get(int64_t index) const {
        Sample sample;
        const Turn turn(get_);
        lua_State* L = turn.state();
        const int top = lua_gettop(L);
        require(lua_checkstack(L, 8) != 0, "calls to data set functions are nested too deeply");
        get_.push(L);
        push(L, index);
        try {
            protected_call(L, 1, 2);
        } catch (const LuaError& error) {
            fail("get({}): {}", index, error.what());
        }
        const at::Tensor* image = to_tensor(L, top + 1);
        require(image != nullptr && image->defined() && image->dim() == 3 && image->numel() > 0 &&
                    (image->scalar_type() == at::kByte || image->scalar_type() == at::kFloat),
                "get({}) must return an image as a Tensor uint8 or float32 [C, H, W], got {}",
                index, image == nullptr ? lua::describe(L, top + 1) : describe_tensor(*image));
        sample.image = image->detach().cpu();
        if (!lua_isnil(L, top + 2)) {
            const double label = lua_tonumber(L, top + 2);
            require(lua_type(L, top + 2) == LUA_TNUMBER && label >= 0 && label < 1e9 &&
                        label == static_cast<double>(static_cast<int64_t>(label)),
                    "get({}) must return an integer label >= 0 after the image, got {}", index,
                    lua::describe(L, top + 2));
            sample.label = static_cast<int64_t>(label);
        }
        lua_settop(L, top);
        return sample;
    }

    void read_labels(int64_t first) {
        auto labels = at::empty({settings_.size}, at::kLong);
        auto* to = labels.mutable_data_ptr<int64_t>();
        const auto most = settings_.classes > 0
                              ? settings_.classes
                              : static_cast<int64_t>(settings_.class_names.size());
        for (int64_t i = 0; i < settings_.size; ++i) {
            const auto label = i == 0 ? std::optional(first) : get(i).label;
            require(label.has_value(), "get({}) returns no label, but get(0) does", i);
            require(most == 0 || *label < most,
                    "get({}) must return a label from 0 to {} ({} classes), got {}", i, most - 1,
                    most, *label);
            to[i] = *label;
        }
        labels_ = labels;
    }

    void require_same_label(int64_t index, const std::optional<int64_t>& label) const {
        const auto before = labels_.defined()
                                ? std::optional(labels_.const_data_ptr<int64_t>()[index])
                                : std::nullopt;
        const auto text = [](const std::optional<int64_t>& one) {
            return one ? std::to_string(*one) : std::string("no label");
        };
        require(label == before,
                "get({}) must return the same label each time: it was {} and is now {}", index,
                text(before), text(label));
    }

    LuaSourceSettings settings_;
    std::string dump_;
    Reference get_;
    data::Shape shape_{};
    at::ScalarType dtype_ = at::kByte;
    at::Tensor labels_;
};

class LuaTransform : public data::Transform {
  public:
    LuaTransform(lua_State* L, const data::Dataset& dataset) : fingerprint_(code_of(L)), map_(L) {
        const auto batch = dataset.batch(0, 1);
        const auto images = mapped(batch.images, batch.samples);
        after_ = {images.size(1), images.size(2), images.size(3)};
    }

    void apply(data::TransformBatch& batch) const override {
        const auto images = mapped(batch.images, batch.samples);
        require(images.sizes().slice(1) == at::IntArrayRef(after_),
                "the map function must return images [n, {}], as it did for the first image, got "
                "[{}]",
                fmt::join(after_, ", "), fmt::join(images.sizes(), ", "));
        batch.images = images;
    }

    std::string describe() const override { return "map"; }
    data::Shape shape(const data::Shape&) const override { return after_; }
    bool runs_script() const override { return true; }
    std::string fingerprint() const override { return fingerprint_; }

  private:
    at::Tensor mapped(const at::Tensor& images, const at::Tensor& samples) const {
        const Turn turn(map_);
        lua_State* L = turn.state();
        const int top = lua_gettop(L);
        require(lua_checkstack(L, 8) != 0, "calls to data set functions are nested too deeply");
        map_.push(L);
        push(L, images.clone());  // other views may share the images
        push(L, samples.clone());
        protected_call(L, 2, 1);
        const at::Tensor* result = to_tensor(L, -1);
        require(result != nullptr && result->defined() && result->dim() == 4 &&
                    result->scalar_type() == at::kFloat && result->size(0) == images.size(0) &&
                    (result->numel() > 0 || images.numel() == 0),
                "the map function must return as many images as it gets: expected a Tensor float32 "
                "[{}, C, H, W], got {}",
                images.size(0),
                result == nullptr ? lua::describe(L, top + 1) : describe_tensor(*result));
        const auto mapped = result->detach().cpu().contiguous();
        lua_settop(L, top);
        return mapped;
    }

    std::string fingerprint_;
    Reference map_;
    data::Shape after_{};  ///< the shape of the images that the function returns
};

}  // namespace

std::shared_ptr<const data::Source> make_lua_source(lua_State* L, LuaSourceSettings settings) {
    return std::make_shared<LuaSource>(L, std::move(settings));
}

std::shared_ptr<const data::Transform> make_lua_transform(lua_State* L,
                                                          const data::Dataset& dataset) {
    return std::make_shared<LuaTransform>(L, dataset);
}

at::Tensor filter_positions(lua_State* L, const data::Dataset& dataset) {
    const Reference keep(L);
    std::vector<int64_t> positions;
    data::Loader loader(dataset);
    int64_t position = 0;
    while (const auto batch = loader.next()) {
        for (int64_t i = 0; i < batch->samples.size(0); ++i, ++position) {
            const int top = lua_gettop(L);
            keep.push(L);
            push(L, batch->images[i]);
            if (batch->labels.defined()) {
                push(L, batch->labels[i].item<int64_t>());
            } else {
                lua_pushnil(L);
            }
            push(L, batch->samples[i].item<int64_t>());
            protected_call(L, 3, 1);
            require(lua_isboolean(L, -1),
                    "the function must return true or false, got {} for image {}", describe(L, -1),
                    position);
            if (lua_toboolean(L, -1) != 0) {
                positions.push_back(position);
            }
            lua_settop(L, top);
        }
    }
    require(
        !positions.empty(),
        "the function returned false for every image of '{}', but at least one image must remain",
        dataset.name());
    return at::tensor(positions, at::kLong);
}

}  // namespace hfc::lua
