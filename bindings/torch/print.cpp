// tostring(tensor): the same text as in Python's PyTorch, with the same defaults (precision 4, 1000
// elements, 3 at each edge, 80 columns).
#include "bindings/torch/print.h"

#include "base/dtype_name.h"
#include "bindings/torch/tensor.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/function.h>

#include <algorithm>
#include <cmath>

namespace hfc::lua {
namespace {

/// The first and last elements of each dimension, which appear in a summary.
at::Tensor edges(const at::Tensor& tensor, int64_t dim = 0) {
    if (dim == tensor.dim()) {
        return tensor;
    }
    const int64_t length = tensor.size(dim);
    const int64_t shown = print_options().edge_items;
    if (length <= 2 * shown) {
        return edges(tensor, dim + 1);
    }
    return edges(
        at::cat({tensor.narrow(dim, 0, shown), tensor.narrow(dim, length - shown, shown)}, dim),
        dim + 1);
}

/// The format of a real number. All numbers of a tensor have the same width.
class NumberFormat {
  public:
    NumberFormat() = default;

    explicit NumberFormat(const at::Tensor& shown)
        : floating_(shown.is_floating_point()), truth_(shown.scalar_type() == at::kBool) {
        if (!floating_) {
            measure_whole(shown);
        } else {
            measure_floating(shown.to(at::kDouble).reshape(-1));
        }
    }

    int64_t width() const { return width_; }

    std::string write(const at::Scalar& value) const {
        return fmt::format("{:>{}}", plain(value), width_);
    }

  private:
    std::string plain(const at::Scalar& value) const {
        if (truth_) {
            return value.toBool() ? "True" : "False";
        }
        if (!floating_) {
            return fmt::format("{}", value.toLong());
        }
        const double number = value.toDouble();
        if (!std::isfinite(number)) {
            return std::isnan(number) ? "nan" : fmt::format("{}", number);
        }
        const int64_t precision = print_options().precision;
        return scientific_ ? fmt::format("{:.{}e}", number, precision)
               : whole_    ? fmt::format("{:.0f}.", number)
                           : fmt::format("{:.{}f}", number, precision);
    }

    void measure_whole(const at::Tensor& shown) {
        for (const auto& element : shown.reshape(-1).unbind()) {
            width_ = std::max(width_, static_cast<int64_t>(plain(element.item()).size()));
        }
    }

    void measure_floating(const at::Tensor& values) {
        const auto counted =
            values.masked_select(values.isfinite().logical_and(values != 0)).contiguous();
        if (counted.numel() == 0) {
            return;
        }
        const auto sizes = counted.abs();
        const double smallest = sizes.min().item<double>();
        const double largest = sizes.max().item<double>();
        whole_ = counted.eq(counted.ceil()).all().item<bool>();
        scientific_ = print_options().sci_mode.value_or(
            largest / smallest > 1000 || largest > 1e8 || (!whole_ && smallest < 1e-4));
        const double* numbers = counted.const_data_ptr<double>();
        for (int64_t i = 0; i < counted.numel(); ++i) {
            width_ = std::max(width_, static_cast<int64_t>(plain(numbers[i]).size()));
        }
    }

    bool floating_ = false;
    bool truth_ = false;
    bool whole_ = true;
    bool scientific_ = false;
    int64_t width_ = 1;
};

/// Writes a tensor's elements; a complex element is written as two numbers.
class TensorFormat {
  public:
    explicit TensorFormat(const at::Tensor& shown) : complex_(shown.is_complex()) {
        if (complex_) {
            real_ = NumberFormat(at::real(shown));
            imaginary_ = NumberFormat(at::imag(shown));
        } else {
            real_ = NumberFormat(shown);
        }
    }

    int64_t width() const { return real_.width() + (complex_ ? imaginary_.width() + 1 : 0); }

    std::string write(const at::Tensor& element) const {
        if (!complex_) {
            return real_.write(element.item());
        }
        const auto value = element.item().toComplexDouble();
        std::string imaginary = imaginary_.write(value.imag());
        imaginary.erase(0, imaginary.find_first_not_of(' '));
        return real_.write(value.real()) + (imaginary.starts_with('-') ? "" : "+") + imaginary +
               "j";
    }

  private:
    bool complex_;
    NumberFormat real_;
    NumberFormat imaginary_;
};

/// The positions of a dimension that are shown; -1 stands for the dots.
std::vector<int64_t> shown_positions(int64_t length, bool summarize) {
    std::vector<int64_t> positions;
    for (int64_t i = 0; i < length; ++i) {
        if (summarize && length > 2 * print_options().edge_items &&
            i == print_options().edge_items) {
            positions.push_back(-1);
            i = length - print_options().edge_items;
        }
        positions.push_back(i);
    }
    return positions;
}

std::string write_row(const at::Tensor& row, int64_t indent, bool summarize,
                      const TensorFormat& format) {
    const int64_t per_line =
        std::max<int64_t>(1, (print_options().line_width - indent) / (format.width() + 2));
    std::string text = "[";
    int64_t count = 0;
    for (const int64_t position : shown_positions(row.size(0), summarize)) {
        if (count > 0) {
            text += count % per_line == 0 ? fmt::format(",\n{:{}}", "", indent + 1) : ", ";
        }
        text += position < 0 ? " ..." : format.write(row[position]);
        ++count;
    }
    return text + "]";
}

std::string write_elements(const at::Tensor& tensor, int64_t indent, bool summarize,
                           const TensorFormat& format) {
    if (tensor.dim() == 0) {
        return format.write(tensor);
    }
    if (tensor.dim() == 1) {
        return write_row(tensor, indent, summarize, format);
    }
    const std::string between = fmt::format(",{:\n<{}}{:{}}", "", tensor.dim() - 1, "", indent + 1);
    std::string text = "[";
    bool first = true;
    for (const int64_t position : shown_positions(tensor.size(0), summarize)) {
        text += first ? "" : between;
        first = false;
        text +=
            position < 0 ? "..." : write_elements(tensor[position], indent + 1, summarize, format);
    }
    return text + "]";
}

/// "grad_fn=<AddBackward0>", "dtype=torch.float64" and similar suffixes.
std::vector<std::string> find_suffixes(const at::Tensor& tensor) {
    std::vector<std::string> suffixes;
    if (!tensor.is_cpu()) {
        suffixes.push_back(fmt::format("device='{}'", tensor.device().str()));
    }
    const auto dtype = tensor.scalar_type();
    const bool empty = tensor.numel() == 0;
    if (empty && tensor.dim() != 1) {
        suffixes.push_back(fmt::format("size=({})", fmt::join(tensor.sizes(), ", ")));
    }
    const bool usual =
        dtype == at::kFloat ||
        (!empty && (dtype == at::kLong || dtype == at::kBool || dtype == at::kComplexFloat));
    if (!usual) {
        suffixes.push_back("dtype=torch." + dtype_name(dtype));
    }
    if (const auto& node = tensor.grad_fn()) {
        suffixes.push_back(fmt::format("grad_fn=<{}>", node->name()));
    } else if (tensor.requires_grad()) {
        suffixes.push_back("requires_grad=True");
    }
    return suffixes;
}

}  // namespace

PrintOptions& print_options() {
    static PrintOptions options;
    return options;
}

std::string print_tensor(const at::Tensor& tensor) {
    if (tensor.layout() != at::kStrided || tensor.is_meta()) {
        return describe_tensor(tensor);
    }
    const at::NoGradGuard no_grad;
    const std::string prefix = "tensor(";
    const auto indent = static_cast<int64_t>(prefix.size());
    const bool summarize = tensor.numel() > print_options().threshold;
    std::string elements = "[]";
    if (tensor.numel() > 0) {
        const auto values = tensor.detach();
        auto readable = summarize ? edges(values).cpu() : values.cpu();
        readable = readable.is_floating_point() ? readable.to(at::kDouble)
                                                : readable.resolve_conj().resolve_neg();
        // A summary is written from the whole tensor, because write_elements() chooses the
        // positions itself. `readable` then contains only the edges, which determine the format.
        elements = write_elements(summarize ? values.cpu() : readable, indent, summarize,
                                  TensorFormat(readable));
    }
    std::string text = prefix + elements;
    auto line = static_cast<int64_t>(text.size() - (text.rfind('\n') + 1));
    for (const auto& suffix : find_suffixes(tensor)) {
        const auto length = static_cast<int64_t>(suffix.size());
        const bool wraps = line + length + 2 > print_options().line_width;
        text += wraps ? fmt::format(",\n{:{}}{}", "", indent, suffix) : ", " + suffix;
        line = wraps ? indent + length : line + length + 2;
    }
    return text + ")";
}

}  // namespace hfc::lua
