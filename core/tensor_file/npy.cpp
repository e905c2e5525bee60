// NumPy's npy: a magic string, a version, a header written as a Python dict, then the array's
// bytes.
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
#include "base/dtype_name.h"
#include "tensor_file/dtype.h"
#include "tensor_file/format.h"

#include "base/error.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace hfc::tensor_file {
namespace {

constexpr std::string_view magic = "\x93NUMPY";
constexpr uint64_t largest_header = 1 << 20;

struct Header {
    std::string descr;
    bool fortran_order = false;
    std::vector<int64_t> shape;
};

/// Reads the one kind of Python expression that a header contains:
/// {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }
class HeaderParser {
  public:
    explicit HeaderParser(std::string_view text) : text_(text) {}

    Header parse() {
        Header header;
        bool descr = false, order = false, shape = false;
        demand('{');
        while (!take('}')) {
            const auto key = quoted();
            demand(':');
            if (key == "descr" && !descr) {
                header.descr = dtype();
                descr = true;
            } else if (key == "fortran_order" && !order) {
                header.fortran_order = boolean();
                order = true;
            } else if (key == "shape" && !shape) {
                header.shape = tuple();
                shape = true;
            } else {
                malformed("its npy header contains the key '{}', which is unknown or repeated: {}",
                          key, text_);
            }
            if (!take(',')) {
                demand('}');
                break;
            }
        }
        skip_space();
        expect(at_ == text_.size() && descr && order && shape,
               "its npy header must contain descr, fortran_order and shape, found {}", text_);
        return header;
    }

  private:
    void skip_space() {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' ||
                                      text_[at_] == '\t' || text_[at_] == '\r')) {
            ++at_;
        }
    }
    bool take(char c) {
        skip_space();
        if (at_ < text_.size() && text_[at_] == c) {
            ++at_;
            return true;
        }
        return false;
    }
    bool take_word(std::string_view word) {
        skip_space();
        const bool found = text_.substr(at_).starts_with(word);
        at_ += found ? word.size() : 0;
        return found;
    }
    void demand(char c) {
        expect(take(c), "expected '{}' at position {} of its npy header: {}", c, at_, text_);
    }
    std::string quoted() {
        skip_space();
        const char quote = at_ < text_.size() ? text_[at_] : ' ';
        expect(quote == '\'' || quote == '"',
               "expected a string at position {} of its npy header: {}", at_, text_);
        const auto end = text_.find(quote, at_ + 1);
        expect(end != std::string_view::npos, "its npy header has an unterminated string: {}",
               text_);
        const auto string = text_.substr(at_ + 1, end - at_ - 1);
        at_ = end + 1;
        return std::string(string);
    }
    std::string dtype() {
        skip_space();
        expect(!text_.substr(at_).starts_with('['),
               "it has a structured dtype, expected one of {}: {}", dtype_names(&Dtype::npy),
               text_);
        return quoted();
    }
    bool boolean() {
        const bool yes = take_word("True");
        expect(yes || take_word("False"),
               "expected True or False at position {} of its npy header: {}", at_, text_);
        return yes;
    }
    int64_t integer() {
        skip_space();
        int64_t value = 0;
        const auto* const first = text_.data() + at_;
        const auto [last, error] = std::from_chars(first, text_.data() + text_.size(), value);
        expect(error == std::errc{} && value >= 0,
               "expected a size at position {} of its npy header: {}", at_, text_);
        at_ += static_cast<size_t>(last - first);
        take('L');  // Python 2 wrote long integers this way
        return value;
    }
    std::vector<int64_t> tuple() {
        std::vector<int64_t> sizes;
        demand('(');
        while (!take(')')) {
            sizes.push_back(integer());
            if (!take(',')) {
                demand(')');
                break;
            }
        }
        return sizes;
    }

    std::string_view text_;
    size_t at_ = 0;
};

/// Returns the dtype for a header's 'descr', such as '<f4'.
const Dtype& dtype_of(const std::string& descr) {
    expect(descr.find('O') == std::string::npos,
           "it contains pickled Python objects (dtype '{}'), which are refused", descr);
    const auto* dtype =
        find_dtype(&Dtype::npy, descr.empty() ? "" : std::string_view(descr).substr(1));
    const bool known_order =
        descr.starts_with('<') || descr.starts_with('>') || descr.starts_with('|');
    expect(
        dtype != nullptr && known_order && (descr[0] != '|' || c10::elementSize(dtype->type) == 1),
        "it has the dtype '{}', expected '<', '>' or '|' followed by one of {}", descr,
        dtype_names(&Dtype::npy));
    return *dtype;
}

std::string read_header(const ByteSource& source, uint64_t& used) {
    std::array<unsigned char, 12> start = {};
    expect(source.size >= 10, "it has {} bytes, but an npy file has at least 10", source.size);
    source.read(start.data(), 8);
    expect(std::memcmp(start.data(), magic.data(), magic.size()) == 0,
           "it does not start like an npy file");
    const int version = start[6];
    expect(version >= 1 && version <= 3 && start[7] == 0,
           "it uses npy version {}.{}, expected 1.0, 2.0 or 3.0", version, start[7]);
    const size_t length_bytes = version == 1 ? 2 : 4;
    used = 8 + length_bytes;
    expect(source.size >= used, "it ends inside its npy header");
    source.read(start.data() + 8, length_bytes);
    uint32_t length = 0;
    std::memcpy(&length, start.data() + 8, length_bytes);
    expect(length <= largest_header,
           "its npy header has a declared length of {} bytes, expected at most {}", length,
           largest_header);
    expect(length <= source.size - used,
           "its npy header has a declared length of {} bytes, but only {} follow", length,
           source.size - used);
    std::string header(length, '\0');
    source.read(header.data(), header.size());
    used += length;
    return header;
}

}  // namespace

at::Tensor make_array(ArrayLayout layout, const std::function<void(const at::Tensor&)>& fill) {
    if (layout.fortran_order) {
        std::reverse(layout.shape.begin(), layout.shape.end());
    }
    const auto tensor = at::empty(layout.shape, layout.type);
    fill(tensor);
    if (layout.big_endian) {
        const auto width = tensor.element_size() / (tensor.is_complex() ? 2 : 1);
        auto* const bytes = static_cast<char*>(tensor.mutable_data_ptr());
        for (size_t i = 0; i < tensor.nbytes(); i += width) {
            std::reverse(bytes + i, bytes + i + width);
        }
    }
    normalize_booleans(tensor);
    if (!layout.fortran_order) {
        return tensor;
    }
    std::vector<int64_t> reversed(layout.shape.size());
    std::generate(reversed.begin(), reversed.end(),
                  [last = tensor.dim()]() mutable { return --last; });
    return tensor.permute(reversed).contiguous();
}

namespace {

/// A header, checked against the bytes that follow it.
struct ArrayHeader {
    ArrayLayout layout;
    uint64_t offset;
};

ArrayHeader read_array_header(const ByteSource& source) {
    uint64_t used = 0;
    const auto text = read_header(source, used);
    auto header = HeaderParser(text).parse();
    const auto& dtype = dtype_of(header.descr);
    const auto bytes = byte_count(header.shape, dtype.type);
    expect(bytes == source.size - used,
           "its array of shape [{}] and dtype '{}' requires {} bytes, but {} follow the header",
           fmt::join(header.shape, ", "), header.descr, bytes, source.size - used);
    return {{header.shape, dtype.type, header.descr[0] == '>', header.fortran_order}, used};
}

}  // namespace

at::Tensor read_npy(const ByteSource& source) {
    return make_array(read_array_header(source).layout, [&](const at::Tensor& tensor) {
        source.read(tensor.mutable_data_ptr(), tensor.nbytes());
    });
}

NpyLayout read_npy_layout(const ByteSource& source) {
    const auto header = read_array_header(source);
    expect(!header.layout.big_endian && !header.layout.fortran_order,
           "it is in {} order, but partial reads require a little-endian array in C order; save it "
           "again in Python: np.save(path, np.ascontiguousarray(a, a.dtype.newbyteorder('<')))",
           header.layout.fortran_order ? "Fortran" : "big-endian");
    return {header.layout.shape, header.layout.type, header.offset};
}

std::string npy_header(const std::string& name, const at::Tensor& tensor) {
    const auto* dtype = find_dtype(tensor.scalar_type());
    require(dtype != nullptr && !dtype->npy.empty(),
            "tensor '{}' has dtype {}, which NumPy does not support; convert it to one of {}", name,
            dtype_name(tensor.scalar_type()), dtype_names(&Dtype::npy));
    auto header = fmt::format("{{'descr': '{}{}', 'fortran_order': False, 'shape': ({}{}), }}",
                              tensor.element_size() == 1 ? '|' : '<', dtype->npy,
                              fmt::join(tensor.sizes(), ", "), tensor.dim() == 1 ? "," : "");
    // The data starts at a multiple of 64 bytes, after the magic string, version, length and
    // newline.
    header.append(63 - (10 + header.size()) % 64, ' ');
    header += '\n';
    require(header.size() <= UINT16_MAX, "tensor '{}' has {} dimensions, too many for an npy file",
            name, tensor.dim());
    const auto length = static_cast<uint16_t>(header.size());
    auto start = std::string(magic) + '\1' + '\0';
    start.append(reinterpret_cast<const char*>(&length), sizeof(length));
    return start + header;
}

void write_npy(OutputFile& file, const std::string& name, const at::Tensor& tensor) {
    file.write(npy_header(name, tensor));
    const auto values = plain(tensor);
    file.write(bytes_of(values));
}

}  // namespace hfc::tensor_file
