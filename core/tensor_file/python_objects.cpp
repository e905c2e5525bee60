// Objects from Python's library that represent one string, number or tensor.
#include "tensor_file/format.h"
#include "tensor_file/python_values.h"

#include <ATen/Functions.h>

#include <unordered_set>

namespace hfc::tensor_file {
namespace {

using pickle::Object;
using pickle::Sequence;
using pickle::Value;

constexpr int64_t longest_range = 10'000;
constexpr size_t most_parts = 1000;  // parts of a path

/// Decodes UTF-8 text whose characters are all in Latin-1, which is how protocol 2 writes bytes.
/// Throws Malformed for other characters.
std::string latin1(std::string_view text) {
    std::string bytes;
    for (size_t i = 0; i < text.size(); ++i) {
        const auto first = static_cast<unsigned char>(text[i]);
        if (first < 0x80) {
            bytes += text[i];
            continue;
        }
        const bool pair = (first == 0xc2 || first == 0xc3) && i + 1 < text.size();
        expect(pair, "its pickle stores bytes as a string that contains characters above 255");
        const auto second = static_cast<unsigned char>(text[++i]);
        bytes += static_cast<char>((first & 3U) << 6U | (second & 0x3fU));
    }
    return bytes;
}

/// pathlib's pickles contain the parts of a path; the first part may be its root.
std::optional<std::string> path_of(const Sequence& parts) {
    std::string path;
    if (parts.items.size() > most_parts) {
        return std::nullopt;
    }
    for (const auto* const item : parts.items) {
        const auto* const part = item->get<std::string>();
        if (part == nullptr || part->size() + path.size() > most_parts * 4) {
            return std::nullopt;
        }
        path += (path.empty() || path.ends_with('/') || path.ends_with('\\') ? "" : "/") + *part;
    }
    return path.empty() ? "." : path;
}

std::optional<Tree> range_of(const Sequence& arguments) {
    std::vector<int64_t> numbers;
    for (const auto* const item : arguments.items) {
        const auto* const number = item->get<int64_t>();
        if (number == nullptr) {
            return std::nullopt;
        }
        numbers.push_back(*number);
    }
    constexpr int64_t far = int64_t{1} << 53;
    const auto is_far = [](int64_t number) { return number > far || number < -far; };
    if (numbers.size() != 3 || numbers[2] == 0 || std::ranges::any_of(numbers, is_far)) {
        return std::nullopt;
    }
    const auto [begin, end, step] = std::tuple(numbers[0], numbers[1], numbers[2]);
    const auto beyond = step > 0 ? end - begin + step - 1 : end - begin + step + 1;
    const auto count = std::max<int64_t>(0, beyond / step);
    if (count > longest_range) {
        return std::nullopt;
    }
    TreeList list;
    for (int64_t i = 0; i < count; ++i) {
        list.items.push_back({begin + i * step});
    }
    return Tree{std::move(list)};
}

std::optional<Tree> device_of(const Sequence& arguments) {
    const auto* const name =
        arguments.items.empty() ? nullptr : arguments.items[0]->get<std::string>();
    if (name == nullptr || name->size() > most_parts) {
        return std::nullopt;
    }
    const auto* const index =
        arguments.items.size() < 2 ? nullptr : arguments.items[1]->get<int64_t>();
    return Tree{index == nullptr ? *name : fmt::format("{}:{}", *name, *index)};
}

std::optional<Tree> complex_of(const Sequence& arguments) {
    if (arguments.items.size() != 2) {
        return std::nullopt;
    }
    const auto* const real = arguments.items[0]->get<double>();
    const auto* const imaginary = arguments.items[1]->get<double>();
    if (real == nullptr || imaginary == nullptr) {
        return std::nullopt;
    }
    return Tree{at::scalar_tensor(c10::complex<double>(*real, *imaginary), at::kComplexDouble)};
}

}  // namespace

void TreeMaker::count_bytes(uint64_t bytes) {
    expect(bytes <= bytes_left_,
           "its values expand to more data than a file of this size should contain");
    bytes_left_ -= bytes;
}

std::optional<std::string> encoded_bytes(const Object& object) {
    if (object.arguments == nullptr) {
        return std::nullopt;
    }
    const auto type = type_name(object);
    const auto& items = object.arguments->items;
    const bool array = type == "builtins.bytearray" || type == "__builtin__.bytearray";
    if (array && items.size() == 1) {  // made from bytes, which may be an object themselves
        const auto* const inner = items[0]->get<Object>();
        const auto* const text = items[0]->get<std::string>();
        const bool is_bytes = inner != nullptr && type_name(*inner) == "_codecs.encode";
        return text != nullptr ? std::optional(*text)
               : is_bytes      ? encoded_bytes(*inner)
                               : std::nullopt;
    }
    const auto* const text = items.empty() ? nullptr : items[0]->get<std::string>();
    if ((array || type == "_codecs.encode") && text != nullptr) {
        return latin1(*text);
    }
    const bool empty = array || type == "builtins.bytes" || type == "__builtin__.bytes";
    return empty && items.empty() ? std::optional(std::string()) : std::nullopt;
}

std::optional<std::string> TreeMaker::bytes(const Value& value) {
    const auto* const text = value.get<std::string>();
    const auto* const call = value.get<Object>();
    if (text != nullptr) {
        count_bytes(text->size());
        return *text;
    }
    auto found = call != nullptr ? encoded_bytes(*call) : std::nullopt;
    count_bytes(found ? found->size() : 0);
    return found;
}

std::optional<Tree> TreeMaker::simple(const Object& object, std::string_view type) {
    if (object.arguments == nullptr) {
        return std::nullopt;
    }
    const auto& items = object.arguments->items;
    if (auto text = bytes({object})) {
        return Tree{std::move(*text)};
    }
    if (type.starts_with("pathlib.") && (type.ends_with("Path"))) {
        const auto path = path_of(*object.arguments);
        return path ? std::optional(Tree{*path}) : std::nullopt;
    }
    if (type == "torch.device") {
        return device_of(*object.arguments);
    }
    if (type == "builtins.complex" || type == "__builtin__.complex") {
        return complex_of(*object.arguments);
    }
    if (type == "builtins.range" || type == "__builtin__.xrange") {
        return range_of(*object.arguments);
    }
    const bool moved = type == "torch._utils._rebuild_device_tensor_from_numpy" ||
                       type == "torch._utils._rebuild_xla_tensor" ||
                       type == "torch._utils._rebuild_device_tensor_from_cpu_tensor";
    if (moved && !items.empty()) {
        if (const auto* const tensor = items[0]->get<at::Tensor>()) {
            return Tree{*tensor};
        }
        const auto* const inner = items[0]->get<Object>();
        return inner == nullptr ? std::nullopt : numpy(*inner, type_name(*inner));
    }
    return std::nullopt;
}

}  // namespace hfc::tensor_file
