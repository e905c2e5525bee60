#include "corrupt/published_files.h"

#include "base/dtype_name.h"
#include "base/error.h"
#include "base/file.h"
#include "corrupt/corrupt.h"
#include "data/source/tensors.h"
#include "tensor_file/tensor_file.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace hfc::corrupt {
namespace {

constexpr const char* where_published = "download CIFAR-10-C.tar from zenodo.org/records/2535967";

/// Rows begin .. begin + count - 1 of an npy file of bytes.
at::Tensor read_rows(const std::filesystem::path& path, std::vector<int64_t> shape, int64_t begin,
                     int64_t count) {
    std::error_code error;
    require(std::filesystem::is_regular_file(path, error), "'{}' is missing; {}", path.string(),
            where_published);
    const InputFile file(path);
    const auto layout = tensor_file::npy_layout(file);
    require(layout.shape == shape && layout.dtype == at::kByte,
            "'{}' must contain uint8 [{}], got {} [{}]; {}", path.string(), fmt::join(shape, ", "),
            dtype_name(layout.dtype), fmt::join(layout.shape, ", "), where_published);
    shape[0] = count;
    auto rows = at::empty(shape, at::kByte);
    const auto row = static_cast<uint64_t>(rows.numel() / std::max<int64_t>(1, count));
    file.read(layout.offset + static_cast<uint64_t>(begin) * row, rows.mutable_data_ptr(),
              static_cast<size_t>(rows.numel()));
    return rows;
}

}  // namespace

data::Dataset published(const data::Dataset& dataset, const std::string& kind, int64_t severity,
                        const std::filesystem::path& folder) {
    const auto known = kinds("all");
    require(std::ranges::find(known, kind) != known.end(),
            "unknown corruption '{}'{}; the corruptions are {}", kind, did_you_mean(kind, known),
            fmt::join(known, ", "));
    require(severity >= 1 && severity <= severities, "severity must be 1 to {}, got {}", severities,
            severity);
    const auto& test = dataset.source();
    const auto count = test.size();
    require(test.name().starts_with("cifar10 test") && dataset.transforms().empty(),
            "the published files contain CIFAR-10's test images; the data set must be a view of "
            "these images without transforms, got '{}'",
            dataset.name());
    const auto labels =
        read_rows(folder / "labels.npy", {severities * count}, (severity - 1) * count, count)
            .to(at::kLong);
    require(labels.equal(test.labels()),
            "the labels in '{}' must equal the labels of the test images; {}",
            (folder / "labels.npy").string(), where_published);
    auto images = std::make_shared<data::Images>();
    images->name = fmt::format("{} {} {}", test.name(), kind, severity);
    images->pixels = read_rows(folder / (kind + ".npy"), {severities * count, 32, 32, 3},
                               (severity - 1) * count, count)
                         .permute({0, 3, 1, 2})
                         .contiguous();
    images->labels = labels;
    images->class_names = test.class_names();
    const auto whole = data::Dataset(std::shared_ptr<const data::Images>(images));
    return whole.select(dataset.samples()).with_labels(dataset.labels());
}

}  // namespace hfc::corrupt
