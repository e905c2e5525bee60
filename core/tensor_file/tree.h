// The contents of a file that stores more than named tensors: values in nested dicts and lists.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <variant>
#include <vector>

namespace hfc::tensor_file {

struct Tree;
struct TreeEntry;

struct None {};

/// A list, a tuple or a set.
struct TreeList {
    std::vector<Tree> items;
};

struct TreeDict {
    std::vector<TreeEntry> entries;
};

struct Tree {
    std::variant<None, bool, int64_t, double, std::string, at::Tensor, TreeList, TreeDict> data;

    template <typename T>
    const T* get() const {
        return std::get_if<T>(&data);
    }
};

/// A dict key is a boolean, an integer, a float or a string; other Python keys are stored as
/// strings, as Python prints them: "(1, 2)", "None".
struct TreeEntry {
    Tree key;
    Tree value;
};

/// A key as it appears in a path.
std::string key_text(const Tree& key);

}  // namespace hfc::tensor_file
