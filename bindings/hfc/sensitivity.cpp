// hfc.spectrum and hfc.sensitivity: power spectra and bands of maps; heat maps, dominant
// frequencies, gradients, the linear probe.
#include "sensitivity/bands.h"
#include "sensitivity/linear_probe.h"
#include "sensitivity/scan.h"
#include "sensitivity/spectra.h"

#include "bindings/hfc/images_argument.h"
#include "bindings/hfc/lua_model.h"
#include "bindings/hfc/precision.h"
#include "bindings/hfc/register.h"
#include "bindings/runtime/registry.h"
#include "bindings/torch/tensor.h"

namespace hfc::lua {
namespace {

int gather(Call& call, sensitivity::Bands (*into_bands)(const at::Tensor&, int64_t,
                                                        sensitivity::Measure, double)) {
    call.at_most(2);
    const at::Tensor map = tensor_argument(call, 1, "map");
    auto options = call.options(2);
    const int64_t bands = options.integer("bands", 64);
    const auto measure = sensitivity::parse_measure(options.text("measure", "norm"));
    const double radius = options.number("radius", 0);
    options.finish();
    const auto result = into_bands(map, bands, measure, radius);
    return call.returns(result.values, result.centres, result.counts);
}

int radial(Call& call) {
    return gather(call, sensitivity::radial);
}

int angular(Call& call) {
    return gather(call, sensitivity::angular);
}

sensitivity::ScanOptions read_scan(lua_State* L, Options& options, const model::Model& network,
                                   SlowProgress& line) {
    sensitivity::ScanOptions scan;
    options.with("reach", [&](const Value& value) { scan.reach = value.integer(); });
    scan.inference = read_inference(L, options, model::device_of(network));
    scan.after_batch = [&line](double share) { line.tell(fmt::format("{:.0f} %", 100 * share)); };
    return scan;
}

int heat_map(Call& call) {
    call.at_most(3);
    const auto network = to_model(call.L, call.argument(1, "model"));
    SlowProgress line("hfc.sensitivity.heat_map");
    auto options = call.options(3);
    sensitivity::HeatMapOptions settings;
    settings.scan = read_scan(call.L, options, *network, line);
    settings.epsilon = options.number("epsilon", settings.epsilon);
    settings.seed = static_cast<uint64_t>(options.integer("seed", 0));
    const auto labels = tensor_option(options, "labels");
    options.finish();
    return call.returns(sensitivity::heat_map(
        *network, images_argument(call, 2, "images", labels).dataset, settings));
}

int dominant(Call& call) {
    call.at_most(3);
    const auto network = to_model(call.L, call.argument(1, "model"));
    SlowProgress line("hfc.sensitivity.dominant");
    auto options = call.options(3);
    const auto scan = read_scan(call.L, options, *network, line);
    const auto labels = tensor_option(options, "labels");
    options.finish();
    return call.returns(
        sensitivity::dominant(*network, images_argument(call, 2, "images", labels).dataset, scan));
}

int power_spectrum(Call& call) {
    call.at_most(1);
    return call.returns(sensitivity::power_spectrum(images_argument(call, 1, "images").dataset));
}

int input_gradients(Call& call) {
    call.at_most(3);
    const auto network = to_model(call.L, call.argument(1, "model"));
    auto options = call.options(3);
    const auto inference = read_inference(call.L, options, model::device_of(*network));
    const auto labels = tensor_option(options, "labels");
    options.finish();
    return call.returns(sensitivity::input_gradients(
        *network, images_argument(call, 2, "images", labels).dataset, inference));
}

int linear_probe(Call& call) {
    call.at_most(5);
    const at::Tensor train = tensor_argument(call, 1, "train_features"),
                     train_labels = tensor_argument(call, 2, "train_labels"),
                     test = tensor_argument(call, 3, "test_features"),
                     test_labels = tensor_argument(call, 4, "test_labels");
    auto options = call.options(5);
    sensitivity::ProbeOptions settings;
    settings.weight_decay = options.number("weight_decay", settings.weight_decay);
    settings.steps = options.integer("steps", settings.steps);
    settings.lr = options.number("lr", settings.lr);
    settings.scrambled = options.boolean("scrambled", settings.scrambled);
    settings.seed = static_cast<uint64_t>(options.integer("seed", 0));
    options.finish();
    const auto result = sensitivity::linear_probe(train, train_labels, test, test_labels, settings);
    return call.returns(result.train, result.test);
}

const std::vector<Declaration> sensitivity_declarations = {
    {"hfc.spectrum.radial", radial,
     "hfc.spectrum.radial(map, {bands = 64, measure = \"norm\", radius = 0}) -> values, centres, "
     "counts\n\n"
     "Summarises a map [..., H, W], zero-frequency component first (not shifted), in rings of "
     "equal width around the zero frequency. radius: the outer radius of the last ring in bins; 0 "
     "means the farthest frequency.\n"
     "measure: \"norm\" (the root of the sum of squares), \"rms\", \"mean\" or \"sum\". values: "
     "float64 [..., bands], 0 for a ring without frequencies. centres: float64 [bands], in bins. "
     "counts: int64 [bands], the number of frequencies in each ring."},
    {"hfc.spectrum.angular", angular,
     "hfc.spectrum.angular(map, {bands = 64, measure = \"norm\", radius = 0}) -> values, centres, "
     "counts\n\n"
     "Works like hfc.spectrum.radial, but with sectors of directions (modulo pi) instead of rings. "
     "Band 0 is centred on frequencies along the rows (vertical stripes), and the centres are in "
     "radians. The zero frequency is left out. If radius is not 0, the frequencies beyond it are "
     "left out, too."},
    {"hfc.sensitivity.heat_map", heat_map,
     "hfc.sensitivity.heat_map(model, images, {epsilon = 4, reach = bins, seed = 0, batch_size = "
     "100, labels = Tensor}) -> Tensor float64 [H, W]\n\n"
     "Returns the Fourier heat map of Yin et al. 2019: for each frequency, the model's error on "
     "images to which noise at this frequency is added. In each channel, the noise has L2 norm "
     "epsilon and a random sign. The noisy images are clipped to [0,1].\n"
     "images: a Dataset, or a Tensor with labels. reach: the largest frequency in each direction; "
     "beyond it the map is NaN. The map is on the CPU, zero-frequency component first (not "
     "shifted)."},
    {"hfc.sensitivity.dominant", dominant,
     "hfc.sensitivity.dominant(model, images, {reach = bins, batch_size = 100, labels = Tensor}) "
     "-> Tensor float64 [classes, H, W]\n\n"
     "Returns how much each frequency matters to a class: the increase in the mean cross-entropy "
     "over the images of this class when the frequency is removed from them (Wang et al. 2023, "
     "frequency shortcuts). The result is on the CPU. It is NaN for classes without images and at "
     "frequencies beyond `reach`. hfc.mask.largest(result, share) returns the dominant frequencies "
     "of each class."},
    {"hfc.spectrum.power", power_spectrum,
     "hfc.spectrum.power(images) -> Tensor float64 [C, H, W]\n\n"
     "Returns the mean of |X(k)|^2 / (H W) over a Dataset or a Tensor [N, C, H, W], on the CPU, "
     "zero-frequency component first (not shifted). To get the radial average of the result, use "
     "hfc.spectrum.radial(spectrum, {measure = \"mean\"})."},
    {"hfc.sensitivity.input_gradients", input_gradients,
     "hfc.sensitivity.input_gradients(model, images, {labels = Tensor, batch_size = 100}) -> "
     "Tensor float32 [N, C, H, W]\n\n"
     "Returns the gradient of each image's cross-entropy with respect to the image, in evaluation "
     "mode."},
    {"hfc.sensitivity.linear_probe", linear_probe,
     "hfc.sensitivity.linear_probe(train_features, train_labels, test_features, test_labels, "
     "{weight_decay = 1e-2, steps = 300, lr = 1e-2, scrambled = false, seed = 0}) -> train "
     "accuracy, test accuracy\n\n"
     "Fits a multinomial logistic regression to features [N, ...], which must be finite and are "
     "standardised first. scrambled: if true, permutes the training labels with `seed` as a "
     "control."},
};

}  // namespace

namespace detail {

void register_sensitivity(lua_State* L) {
    declare(L, sensitivity_declarations);
}

}  // namespace detail
}  // namespace hfc::lua
