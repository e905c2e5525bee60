// Networks from torch.export files (.pt2): the file's graph is run with ATen's operators. Nothing
// in the file is executed as code.
#pragma once

#include "model/layer.h"
#include "model/model.h"
#include "tensor_file/tensor_file.h"

#include <filesystem>

namespace hfc::model {

namespace exported {
struct Program;
}

/// A network that runs a graph. Its parameters, buffers and layers have the same names as in
/// Python. Copies share the graph.
class ExportedModel : public Model {
  public:
    /// `tensors`: one per parameter, buffer and constant of the program.
    ExportedModel(std::shared_ptr<const exported::Program> program,
                  const std::map<std::string, at::Tensor>& tensors, const std::string& name);
    ~ExportedModel() override;

    at::Tensor forward(const at::Tensor& images) override;
    void replace_head(int64_t classes, uint64_t seed, const std::string& layer) override;
    ModelPtr copy() const override;

    void to(torch::Device device, torch::Dtype dtype, bool non_blocking = false) override;
    void to(torch::Dtype dtype, bool non_blocking = false) override;
    void to(torch::Device device, bool non_blocking = false) override;

    const exported::Program& program() const { return *program_; }
    /// The tensors that are not in any state_dict: constants, and buffers that are not persistent.
    tensor_file::NamedTensors constants() const;
    /// Maps the name of each weight that shares its tensor with an earlier weight to the name of
    /// the earlier one: {"decoder.weight", "encoder.weight"}.
    std::map<std::string, std::string> tied() const;

  private:
    friend class ExportedRun;
    void follow(const at::Tensor& images);
    void check(const at::Tensor& images) const;
    void move(std::optional<at::Device> device, std::optional<at::ScalarType> type,
              bool non_blocking);

    std::shared_ptr<const exported::Program> program_;
    std::optional<at::ScalarType> exported_type_;  ///< dtype of its first weight
    /// One per element of Program::states, shared with the registered parameters and buffers.
    std::vector<at::Tensor> tensors_;
    /// One per element of Program::modules; the first is null.
    std::vector<std::shared_ptr<Layer>> modules_;
};

/// Reads a network from a .pt2 file. The network is on the CPU and in the mode in which it was
/// exported. `notes`, if given, receives remarks for the user. Throws Error naming the file and, if
/// a node is the cause, the node and its layer.
std::shared_ptr<ExportedModel> load_exported(const std::filesystem::path& path,
                                             std::vector<std::string>* notes = nullptr);

}  // namespace hfc::model
