// safetensors: 8 bytes with the length of the header, a JSON header, then the bytes of the tensors
// one after another, without gaps.
#include "base/dtype_name.h"
#include "tensor_file/dtype.h"
#include "tensor_file/format.h"

#include "base/error.h"

#include <ATen/ATen.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <unordered_set>

namespace hfc::tensor_file {
namespace {

using nlohmann::json;

constexpr uint64_t largest_json_header = 100'000'000;  // the limit of the reference implementation

struct Entry {
    std::string name;
    const Dtype* dtype;
    std::vector<int64_t> shape;
    uint64_t begin, end;  // within the data section
};

/// Rejects duplicate keys and deep nesting while the header is parsed; the parsed JSON value would
/// not show duplicate keys. Keeps the order of the tensors' names.
class HeaderWatch {
  public:
    bool operator()(int depth, json::parse_event_t event, const json& value) {
        if (event == json::parse_event_t::object_start ||
            event == json::parse_event_t::array_start) {
            expect(depth <= 2, "its header is nested too deeply");
            if (event == json::parse_event_t::object_start) {
                fields_.clear();
            }
        } else if (event == json::parse_event_t::key) {
            const auto& key = value.get_ref<const std::string&>();
            auto& seen = depth == 1 ? names_ : fields_;
            expect(seen.insert(key).second, "its header contains the key '{}' twice", key);
            if (depth == 1) {
                order.push_back(key);
            }
        }
        return true;
    }
    std::vector<std::string> order;

  private:
    std::unordered_set<std::string> names_;
    std::unordered_set<std::string> fields_;
};

std::string read_header(const InputFile& file) {
    expect(file.size() >= 8,
           "it has {} bytes, but a safetensors file starts with an 8-byte header length",
           file.size());
    uint64_t length = 0;
    file.read(0, &length, sizeof(length));
    expect(length <= largest_json_header,
           "its safetensors header has a declared length of {} bytes, expected at most {}", length,
           largest_json_header);
    expect(length <= file.size() - 8,
           "its safetensors header has a declared length of {} bytes, but only {} follow", length,
           file.size() - 8);
    std::string header(length, '\0');
    file.read(8, header.data(), header.size());
    expect(header.starts_with('{'), "its safetensors header does not start with '{{'");
    return header;
}

uint64_t unsigned_field(const json& value, const std::string& name, const char* field) {
    expect(value.is_number_unsigned() && value.get<uint64_t>() <= uint64_t{INT64_MAX},
           "tensor '{}': {} must contain integers >= 0", name, field);
    return value.get<uint64_t>();
}

const json& field_of(const json& object, const std::string& name, const char* field) {
    const auto found = object.find(field);
    expect(found != object.end(), "tensor '{}' has no {}", name, field);
    return *found;
}

/// Converts the sizes of F4: safetensors counts the numbers, PyTorch the bytes (two numbers each).
void pair_numbers(Entry& entry) {
    if (entry.dtype->type == at::kFloat4_e2m1fn_x2) {
        expect(!entry.shape.empty() && entry.shape.back() % 2 == 0,
               "tensor '{}' of dtype F4 has shape [{}], but the last size must be even", entry.name,
               fmt::join(entry.shape, ", "));
        entry.shape.back() /= 2;
    }
}

std::vector<int64_t> written_shape(const at::Tensor& tensor) {
    auto shape = tensor.sizes().vec();
    if (tensor.scalar_type() == at::kFloat4_e2m1fn_x2) {
        require(!shape.empty(),
                "a tensor of dtype float4_e2m1fn_x2 must have at least one dimension");
        shape.back() *= 2;
    }
    return shape;
}

Entry parse_entry(const std::string& name, const json& object, uint64_t data_size) {
    expect(object.is_object(), "the header's entry for tensor '{}' is not an object", name);
    const auto& dtype = field_of(object, name, "dtype");
    expect(dtype.is_string(), "tensor '{}': dtype must be a string", name);
    Entry entry{name, find_dtype(&Dtype::safetensors, dtype.get<std::string>()), {}, 0, 0};
    expect(entry.dtype != nullptr, "tensor '{}' has the dtype '{}', expected one of {}", name,
           dtype.get<std::string>(), dtype_names(&Dtype::safetensors));
    const auto& shape = field_of(object, name, "shape");
    expect(shape.is_array(), "tensor '{}': shape must be a list", name);
    for (const auto& size : shape) {
        entry.shape.push_back(static_cast<int64_t>(unsigned_field(size, name, "shape")));
    }
    pair_numbers(entry);
    const auto& offsets = field_of(object, name, "data_offsets");
    expect(offsets.is_array() && offsets.size() == 2,
           "tensor '{}': data_offsets must be a list of two integers", name);
    entry.begin = unsigned_field(offsets[0], name, "data_offsets");
    entry.end = unsigned_field(offsets[1], name, "data_offsets");
    expect(entry.begin <= entry.end && entry.end <= data_size,
           "tensor '{}' has data_offsets [{}, {}], but there are only {} bytes of data", name,
           entry.begin, entry.end, data_size);
    const auto bytes = byte_count(entry.shape, entry.dtype->type);
    expect(bytes == entry.end - entry.begin,
           "tensor '{}' of shape [{}] and dtype {} requires {} bytes, but its data_offsets span {}",
           name, fmt::join(entry.shape, ", "), entry.dtype->safetensors, bytes,
           entry.end - entry.begin);
    return entry;
}

void parse_metadata(const json& object, Metadata* metadata) {
    expect(object.is_object(), "its {} is not an object", metadata_name);
    for (const auto& [key, value] : object.items()) {
        expect(value.is_string(), "its {} '{}' is not a string", metadata_name, key);
        if (metadata != nullptr) {
            (*metadata)[key] = value.get<std::string>();
        }
    }
}

std::vector<Entry> parse_header(const std::string& text, uint64_t data_size, Metadata* metadata) {
    HeaderWatch watch;
    json header;
    try {
        header = json::parse(text, std::ref(watch));
    } catch (const json::exception& error) {
        malformed("its safetensors header is not valid JSON: {}", error.what());
    }
    std::vector<Entry> entries;
    for (const auto& name : watch.order) {
        if (name == metadata_name) {
            parse_metadata(header[name], metadata);
        } else {
            entries.push_back(parse_entry(name, header[name], data_size));
        }
    }
    return entries;
}

void require_no_holes(const std::vector<Entry>& entries, uint64_t data_size) {
    std::vector<const Entry*> sorted;
    for (const auto& entry : entries) {
        sorted.push_back(&entry);
    }
    std::sort(sorted.begin(), sorted.end(), [](const Entry* a, const Entry* b) {
        return std::pair(a->begin, a->end) < std::pair(b->begin, b->end);
    });
    uint64_t position = 0;
    for (const auto* entry : sorted) {
        expect(entry->begin >= position,
               "tensor '{}' starts at byte {} of the data, but the previous tensor ends at byte {}",
               entry->name, entry->begin, position);
        expect(entry->begin == position,
               "bytes {} to {} of the data (before tensor '{}') are not part of any tensor",
               position, entry->begin, entry->name);
        position = entry->end;
    }
    expect(position == data_size,
           "the tensors end at byte {} of the data, but there are {} bytes of data", position,
           data_size);
}

}  // namespace

NamedTensors read_safetensors(const InputFile& file, Metadata* metadata) {
    const auto header = read_header(file);
    const auto data_begin = 8 + header.size();
    const auto data_size = file.size() - data_begin;
    const auto entries = parse_header(header, data_size, metadata);
    require_no_holes(entries, data_size);
    NamedTensors tensors;
    for (const auto& entry : entries) {
        auto tensor = at::empty(entry.shape, entry.dtype->type);
        file.read(data_begin + entry.begin, tensor.mutable_data_ptr(), tensor.nbytes());
        normalize_booleans(tensor);
        tensors.emplace_back(entry.name, std::move(tensor));
    }
    return tensors;
}

void write_safetensors(OutputFile& file, const NamedTensors& tensors, const Metadata& metadata) {
    // The widest dtypes come first, so that every tensor starts at a multiple of its element size,
    // which suits readers that map files.
    std::vector<size_t> order(tensors.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
        return tensors[a].second.element_size() > tensors[b].second.element_size();
    });
    std::vector<uint64_t> begins(tensors.size());
    uint64_t position = 0;
    for (const auto index : order) {
        begins[index] = position;
        position += tensors[index].second.nbytes();
    }
    std::string header =
        metadata.empty() ? "{" : fmt::format("{{\"{}\":{}", metadata_name, json(metadata).dump());
    for (size_t i = 0; i < tensors.size(); ++i) {
        const auto& [name, tensor] = tensors[i];
        require(name != metadata_name,
                "a tensor named '{}' cannot be written: safetensors reserves that name",
                metadata_name);
        const auto* dtype = find_dtype(tensor.scalar_type());
        require(
            dtype != nullptr && !dtype->safetensors.empty(),
            "tensor '{}' has dtype {}, which safetensors does not support; convert it to one of {}",
            name, dtype_name(tensor.scalar_type()), dtype_names(&Dtype::safetensors));
        header += fmt::format("{}{}:{{\"dtype\":\"{}\",\"shape\":[{}],\"data_offsets\":[{},{}]}}",
                              header.size() > 1 ? "," : "", json(name).dump(), dtype->safetensors,
                              fmt::join(written_shape(tensor), ","), begins[i],
                              begins[i] + tensor.nbytes());
    }
    header += '}';
    header.append((8 - header.size() % 8) % 8, ' ');
    require(header.size() <= largest_json_header,
            "the safetensors header would have {} bytes, but at most {} are allowed", header.size(),
            largest_json_header);
    const uint64_t length = header.size();
    file.write({reinterpret_cast<const char*>(&length), sizeof(length)});
    file.write(header);
    for (const auto index : order) {
        const auto values = plain(tensors[index].second);
        file.write(bytes_of(values));
    }
}

}  // namespace hfc::tensor_file
