#include "model/networks.h"
#include "model/plain_network.h"

namespace hfc::model {
namespace {

class AlexNet : public PlainNetwork {
  public:
    AlexNet(const std::string& name, const ModelOptions& options)
        : PlainNetwork(name, options, /*smallest=*/63) {
        if (is_small()) {
            append_convolution(options.channels, 64, small_first_kernel(options),
                               {.stride = 2, .padding = {}, .bias = true});
        } else {
            append_convolution(options.channels, 64, 11, {.stride = 4, .padding = 2, .bias = true});
        }
        append_pool();
        append_convolution(64, 192, is_small() ? 3 : 5);
        append_pool();
        append_convolution(192, 384, 3);
        append_convolution(384, 256, 3);
        append_convolution(256, 256, 3);
        append_pool();
        is_small() ? use_one_linear_layer(256) : append_classifier();
    }

  private:
    void append_convolution(int64_t in_width, int64_t out_width, int64_t kernel,
                            const Convolution::Settings& settings = {
                                .stride = 1, .padding = {}, .bias = true}) {
        feature_layers().append<Convolution>(in_width, out_width, kernel, settings);
        feature_layers().append_relu();
    }

    void append_pool() {
        feature_layers().append_max_pool(is_small() ? 2 : 3, 2, /*ceil_mode=*/is_small());
    }

    void append_classifier() {
        auto& classifier = use_classifier(/*pooled_size=*/6);
        for (const int64_t in_features : {int64_t{256 * 6 * 6}, int64_t{4096}}) {
            classifier.append_dropout(options().dropout);
            classifier.append<Linear>(in_features, 4096);
            classifier.append_relu();
        }
        classifier.append<Linear>(4096, options().classes);
    }
};

}  // namespace

ModelPtr make_alexnet(const std::string& name, const ModelOptions& options) {
    return std::make_shared<AlexNet>(name, options);
}

}  // namespace hfc::model
