// From what a pickle's machine made to plain values: Python's and NumPy's common objects become
// what they stand for, and others are left out by name.
#pragma once

#include "tensor_file/pickle.h"
#include "tensor_file/tree.h"

#include <optional>

namespace hfc::tensor_file {

/// Walks through a machine's values. Names and items are counted: values that share parts, or that
/// contain themselves, do not grow without bound.
class TreeMaker {
  public:
    /// `program_bytes`: of the pickle, which bounds the bytes of strings and arrays in the tree.
    explicit TreeMaker(uint64_t program_bytes);

    /// Throws Malformed for values nested too deeply or too many of them, and if there is nothing
    /// but objects that are left out.
    Tree make(const pickle::Value& value);

    /// "optimizer.when (datetime.datetime)": the path of each value that was left out, and why.
    std::vector<std::string> left_out;

  private:
    using Value = pickle::Value;
    using Object = pickle::Object;

    Tree visit(const Value& value, const std::string& path, int depth);
    Tree list(const std::vector<const Value*>& items, const std::string& path, int depth);
    Tree dict(const pickle::Dict& dict, const std::string& path, int depth);
    Tree key(const Value& value, int depth);
    Tree object(const Object& object, const std::string& path, int depth);
    Tree container(const Object& object, const std::string& path, int depth);
    Tree leave_out(const std::string& path, const std::string& what);

    /// The three below: none if the object is something else or damaged.
    std::optional<std::string> bytes(const Value& value);
    std::optional<Tree> simple(const Object& object, std::string_view type);
    std::optional<Tree> numpy(const Object& object, std::string_view type);
    std::optional<at::Tensor> array(const Value& bytes, const Value& shape, const Value& dtype,
                                    bool fortran_order);

    void count_bytes(uint64_t bytes);

    size_t visited_ = 0;
    uint64_t bytes_left_;
};

/// The name of the class or function of an object.
std::string type_name(const pickle::Object& object);

/// The bytes that an object stands for: bytes and bytearrays as protocol 2 writes them. None for
/// other objects.
std::optional<std::string> encoded_bytes(const pickle::Object& object);

}  // namespace hfc::tensor_file
