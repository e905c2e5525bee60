// Converts the values of a pickle's machine to plain values: common objects of Python and NumPy
// become the values that they represent, and other objects are left out and listed by name.
#pragma once

#include "tensor_file/pickle.h"
#include "tensor_file/tree.h"

#include <optional>

namespace hfc::tensor_file {

/// Traverses a machine's values. Limits the number of names and items, because the tree could
/// otherwise become arbitrarily large if values share parts or contain themselves.
class TreeMaker {
  public:
    /// `program_bytes`: the size of the pickle, which limits the bytes of strings and arrays in the
    /// tree.
    explicit TreeMaker(uint64_t program_bytes);

    /// Throws Malformed if values are nested too deeply, if there are too many, or if all objects
    /// are left out.
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

    /// The next three functions return nothing if the object has a different type or is damaged.
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

/// The bytes that an object represents: bytes and bytearrays in the format of protocol 2. Returns
/// nothing for other objects.
std::optional<std::string> encoded_bytes(const pickle::Object& object);

}  // namespace hfc::tensor_file
