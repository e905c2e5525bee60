#include "model/networks.h"
#include "model/plain_network.h"

namespace hfc::model {
namespace {

class Vgg : public PlainNetwork {
  public:
    Vgg(const std::string& name, const std::vector<int64_t>& convolutions,
        const ModelOptions& options)
        : PlainNetwork(name, options, /*smallest=*/32) {
        int64_t in_width = options.channels;
        int64_t kernel = is_small() ? small_first_kernel(options) : 3;
        int64_t width = 64;
        for (const auto count : convolutions) {
            for (int64_t i = 0; i < count; ++i) {
                append_convolution(in_width, width, kernel);
                in_width = width;
                kernel = 3;
            }
            feature_layers().append_max_pool(2, 2, /*ceil_mode=*/is_small());
            width = std::min<int64_t>(2 * width, 512);
        }
        is_small() ? use_one_linear_layer(in_width) : append_classifier(in_width);
    }

  private:
    void append_convolution(int64_t in_width, int64_t out_width, int64_t kernel) {
        const Convolution::Settings settings{.stride = 1, .padding = {}, .bias = true};
        if (options().batch_norm) {
            feature_layers().append_convolution_and_norm(in_width, out_width, kernel, settings,
                                                         torchvision_epsilon);
        } else {
            feature_layers().append<Convolution>(in_width, out_width, kernel, settings);
        }
        feature_layers().append_relu();
    }

    void append_classifier(int64_t width) {
        auto& classifier = use_classifier(/*pooled_size=*/7);
        for (const int64_t in_features : {width * 7 * 7, int64_t{4096}}) {
            classifier.append<Linear>(in_features, 4096);
            classifier.append_relu();
            classifier.append_dropout(options().dropout);
        }
        classifier.append<Linear>(4096, options().classes);
    }
};

}  // namespace

ModelPtr make_vgg(const std::string& name, const std::vector<int64_t>& convolutions,
                  const ModelOptions& options) {
    return std::make_shared<Vgg>(name, convolutions, options);
}

}  // namespace hfc::model
