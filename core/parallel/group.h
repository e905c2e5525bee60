// The processes that work on one job together: who this one is, and what they agree on.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/util/intrusive_ptr.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace c10d {
class ProcessGroup;
}

namespace hfc::parallel {

enum class Reduction { sum, least, most };

/// Ranks 0 to size() - 1. All ranks must call the same functions in the same order; each waits for
/// the others. All throw std::exception where a rank has gone. Used by one thread.
class Group {
  public:
    Group() = default;
    Group(const Group&) = delete;
    Group& operator=(const Group&) = delete;
    virtual ~Group() = default;

    virtual int64_t rank() const = 0;
    virtual int64_t size() const = 0;
    /// Combines the values of all ranks, element by element; all get the same bits. A tensor of one
    /// shape and dtype on all ranks.
    virtual void all_reduce(at::Tensor& values, Reduction how) = 0;
    /// All get the values of rank `root`.
    virtual void broadcast(at::Tensor& values, int64_t root) = 0;
    virtual void barrier() = 0;
    /// For c10d's own functions; null: there is one process.
    virtual c10::intrusive_ptr<c10d::ProcessGroup> process_group() const = 0;

    /// Rank 0 alone writes files and talks to the user.
    bool leads() const { return rank() == 0; }
    /// The batches of `rows` rows that this rank takes, each first row and the one behind its last:
    /// every size()-th batch.
    std::vector<std::pair<int64_t, int64_t>> own_batches(int64_t rows, int64_t batch_size) const;
    /// The largest of all ranks' values.
    int64_t agree(int64_t value);
    /// The same for each element.
    std::vector<int64_t> agree(const std::vector<int64_t>& values);
    /// That of rank `root`.
    std::string broadcast_text(const std::string& text, int64_t root = 0);
};

/// Of one process: nobody to wait for.
class Solo : public Group {
  public:
    int64_t rank() const override { return 0; }
    int64_t size() const override { return 1; }
    void all_reduce(at::Tensor&, Reduction) override {}
    void broadcast(at::Tensor&, int64_t) override {}
    void barrier() override {}
    c10::intrusive_ptr<c10d::ProcessGroup> process_group() const override;
};

/// Over a process group of c10d, whose tensors lie in the memory of the CPU.
std::unique_ptr<Group> make_group(c10::intrusive_ptr<c10d::ProcessGroup> group);

/// The processes of this job: a Solo unless a launcher has started several.
Group& world();

/// Sets what world() returns. nullptr: a Solo. The group must outlive its use.
void set_world(Group* group) noexcept;

/// Until its end this process works without the others.
class AloneScope {
  public:
    AloneScope();
    ~AloneScope();
    AloneScope(const AloneScope&) = delete;
    AloneScope& operator=(const AloneScope&) = delete;

  private:
    Group* before_;
};

/// Rows of a table of `rows` that the ranks have made between them: pieces (first row, tensor) in
/// rising order, each row by one rank. All get all of it, bit by bit. Of one dtype and one shape
/// behind the first dimension.
at::Tensor gather_rows(Group& group, const std::vector<std::pair<int64_t, at::Tensor>>& pieces,
                       int64_t rows);

/// Throws Error on all ranks, naming one that differs and both values, unless `value` is the same
/// text on all. what: "the script".
void require_same(Group& group, const std::string& what, const std::string& value);

}  // namespace hfc::parallel
