// The graph and the description of the weights in a .pt2 file whose archive is right.
#include "fuzz.h"
#include "model/exported/exported_model.h"
#include "tensor_file/zip.h"

#include <ATen/Functions.h>
#include <ATen/core/grad_mode.h>

namespace {

/// "GRAPH\0WEIGHTS": a convolution of 2 x 3 x 3 x 3, a norm, a linear layer in the seeds.
std::string archive_of(std::string_view input) {
    const auto end = std::min(input.find('\0'), input.size());
    const auto weights = input.substr(std::min(end + 1, input.size()));
    hfc::tensor_file::ZipWriter archive;
    const auto add = [&](const std::string& name, std::string content) {
        archive.add(name, std::move(content), at::empty({0}));
    };
    add("x/models/model.json", std::string(input.substr(0, end)));
    add("x/byteorder", "little");
    add("x/data/weights/model_weights_config.json", std::string(weights));
    for (int i = 0; i < 9; ++i) {
        add("x/data/weights/weight_" + std::to_string(i), std::string(i == 8 ? 8 : 216, '\1'));
    }
    std::string bytes;
    archive.finish([&](std::string_view piece) { bytes += piece; });
    return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const auto path = hfc::fuzz::folder().write("net.pt2", archive_of(hfc::fuzz::text(data, size)));
    hfc::fuzz::refused_at_worst([&] {
        const auto model = hfc::model::load_exported(path);
        const auto images = at::rand({2, 3, 8, 8});
        hfc::fuzz::refused_at_worst([&] { model->forward(images); });
        model->replace_head(3, 0, "");
        model->forward(images);
    });
    return 0;
}
