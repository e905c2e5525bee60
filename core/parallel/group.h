// The processes that work together on one job: the rank of this process, and how the processes
// agree on values.
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

/// Ranks 0 to size() - 1. All ranks must call the same functions in the same order, and each waits
/// for the others. All functions throw std::exception if a rank has ended. Only one thread may use
/// a group.
class Group {
  public:
    Group() = default;
    Group(const Group&) = delete;
    Group& operator=(const Group&) = delete;
    virtual ~Group() = default;

    virtual int64_t rank() const = 0;
    virtual int64_t size() const = 0;
    /// Combines the values of all ranks, element by element; all ranks get bit-identical results.
    /// The tensor must have the same shape and dtype on all ranks.
    virtual void all_reduce(at::Tensor& values, Reduction how) = 0;
    /// All ranks get the values of rank `root`.
    virtual void broadcast(at::Tensor& values, int64_t root) = 0;
    virtual void barrier() = 0;
    /// For c10d's own functions; null if there is only one process.
    virtual c10::intrusive_ptr<c10d::ProcessGroup> process_group() const = 0;

    /// Only rank 0 writes files and communicates with the user.
    bool leads() const { return rank() == 0; }
    /// Divides `rows` rows into batches and returns the batches of this rank: every size()-th one.
    /// Each pair is (first row, last row + 1).
    std::vector<std::pair<int64_t, int64_t>> own_batches(int64_t rows, int64_t batch_size) const;
    /// Returns the largest of the ranks' values.
    int64_t agree(int64_t value);
    /// The same for each element.
    std::vector<int64_t> agree(const std::vector<int64_t>& values);
    /// Returns the text of rank `root` on all ranks.
    std::string broadcast_text(const std::string& text, int64_t root = 0);
};

/// A group of one process, which never waits.
class Solo : public Group {
  public:
    int64_t rank() const override { return 0; }
    int64_t size() const override { return 1; }
    void all_reduce(at::Tensor&, Reduction) override {}
    void broadcast(at::Tensor&, int64_t) override {}
    void barrier() override {}
    c10::intrusive_ptr<c10d::ProcessGroup> process_group() const override;
};

/// A group that uses a process group of c10d, for tensors in CPU memory.
std::unique_ptr<Group> make_group(c10::intrusive_ptr<c10d::ProcessGroup> group);

/// The processes of this job: a Solo, unless a launcher has started several.
Group& world();

/// Makes world() return `group`, or a Solo if `group` is nullptr. The group must exist as long as
/// it is in use.
void set_world(Group* group) noexcept;

/// Within this scope, this process works without the others.
class AloneScope {
  public:
    AloneScope();
    ~AloneScope();
    AloneScope(const AloneScope&) = delete;
    AloneScope& operator=(const AloneScope&) = delete;

  private:
    Group* before_;
};

/// Joins a table of `rows` rows that the ranks have computed together. pieces: this rank's pieces
/// (first row, tensor), in ascending order; each row must come from exactly one rank. All ranks get
/// the whole table, bit-identical. The pieces must have the same dtype, and the same shape except
/// in the first dimension.
at::Tensor gather_rows(Group& group, const std::vector<std::pair<int64_t, at::Tensor>>& pieces,
                       int64_t rows);

/// Throws Error on all ranks unless `value` is the same text on all ranks. The Error names a rank
/// that differs and both values. what: the value's name in the message ("the script").
void require_same(Group& group, const std::string& what, const std::string& value);

}  // namespace hfc::parallel
