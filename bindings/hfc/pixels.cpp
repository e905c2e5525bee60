// Dataset:grey and Dataset:standardise.
#include "data/transform/pixels.h"

#include "bindings/hfc/register.h"
#include "bindings/runtime/registry.h"

namespace hfc::lua {
namespace {

data::Dataset self_dataset(Call& call) {
    return call.argument(1, "dataset").object<data::Dataset>();
}

int grey(Call& call) {
    call.at_most(1);
    return call.returns_object(
        self_dataset(call).transformed(std::make_shared<data::GreyTransform>()));
}

int standardise(Call& call) {
    call.at_most(3);
    const auto dataset = self_dataset(call);
    const auto numbers = [&](int position, const char* name) {
        return lua_istable(call.L, position)
                   ? call.argument(position, name).numbers()
                   : std::vector<double>{call.argument(position, name).number()};
    };
    return call.returns_object(dataset.transformed(std::make_shared<data::StandardiseTransform>(
        numbers(2, "mean"), numbers(3, "deviation"), dataset.channels())));
}

const std::vector<Declaration> pixel_declarations = {
    {"Dataset:grey", grey,
     "dataset:grey() -> Dataset\n\n"
     "Returns a view with grey images [N, 1, H, W]: .299 red + .587 green + .114 blue, the weights "
     "of Pillow's convert(\"L\"). Images that are already grey do not change."},
    {"Dataset:standardise", standardise,
     "dataset:standardise(mean, deviation) -> Dataset\n\n"
     "Returns a view with the images (x - mean) / deviation. mean, deviation: numbers for all "
     "channels, or lists with one number per channel. Attacks on these images need the option "
     "`range`, and masks act on the standardised pixels; hfc.normalised avoids both by putting the "
     "standardisation into the network.\n"
     "Errors: lists whose length is not the number of channels, a deviation that is not positive."},
};

}  // namespace

namespace detail {

void register_pixels(lua_State* L) {
    declare(L, pixel_declarations);
}

}  // namespace detail
}  // namespace hfc::lua
