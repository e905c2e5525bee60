// What the tests of tensor files share: a folder of their own, comparison, files made by hand.
#pragma once

#include "base/error.h"
#include "base/file.h"
#include "scratch_folder.h"
#include "tensor_file/tensor_file.h"

#include <gmock/gmock.h>

#include <cstring>
#include <string>

namespace hfc::tensor_file {

inline std::filesystem::path fixture(const std::string& name) {
    return std::filesystem::path(HFC_FIXTURES) / "tensor_file" / name;
}

class TensorFile : public testing::Test {
  protected:
    /// The text of the error that loading these bytes gives, behind the file's name.
    std::string refusal(const std::string& bytes, const std::string& name = "file") {
        write_file(folder_ / name, bytes);
        return refusal_of(folder_ / name);
    }

    static std::string refusal_of(const std::filesystem::path& path) {
        const auto start = "cannot read '" + path.string() + "': ";
        try {
            load(path);
        } catch (const Error& error) {
            EXPECT_THAT(error.what(), testing::StartsWith(start));
            return std::string(error.what()).substr(start.size());
        }
        return "(it was read)";
    }

    size_t files() const {
        return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder_), {}));
    }

    test::ScratchFolder scratch_{"hfc tensor file test"};
    const std::filesystem::path folder_ = scratch_.path();
};

inline std::string bytes_in(const at::Tensor& tensor) {
    const auto values = tensor.resolve_conj().resolve_neg().contiguous();
    return values.nbytes() == 0
               ? std::string()
               : std::string(static_cast<const char*>(values.const_data_ptr()), values.nbytes());
}

/// Same names in the same order, dtypes, shapes and bytes.
inline void expect_same(const NamedTensors& found, const NamedTensors& wanted) {
    ASSERT_EQ(found.size(), wanted.size());
    for (size_t i = 0; i < wanted.size(); ++i) {
        SCOPED_TRACE(wanted[i].first);
        EXPECT_EQ(found[i].first, wanted[i].first);
        EXPECT_EQ(found[i].second.scalar_type(), wanted[i].second.scalar_type());
        EXPECT_EQ(found[i].second.sizes(), wanted[i].second.sizes());
        EXPECT_EQ(bytes_in(found[i].second), bytes_in(wanted[i].second));
    }
}

/// A safetensors file with this header.
inline std::string safetensors_bytes(const std::string& header, const std::string& data) {
    const uint64_t length = header.size();
    return std::string(reinterpret_cast<const char*>(&length), 8) + header + data;
}

/// An npy file of version 1 with this header.
inline std::string npy_bytes(const std::string& header, const std::string& data) {
    const auto length = static_cast<uint16_t>(header.size());
    return std::string("\x93NUMPY\1\0", 8) +
           std::string(reinterpret_cast<const char*>(&length), 2) + header + data;
}

}  // namespace hfc::tensor_file
