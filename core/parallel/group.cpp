#include "parallel/group.h"

#include "base/error.h"

#include <ATen/ATen.h>
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

namespace hfc::parallel {
namespace {

c10d::ReduceOp::RedOpType operation_of(Reduction how) {
    switch (how) {
        case Reduction::sum:
            return c10d::ReduceOp::SUM;
        case Reduction::least:
            return c10d::ReduceOp::MIN;
        case Reduction::most:
            return c10d::ReduceOp::MAX;
    }
    return c10d::ReduceOp::SUM;
}

class Several : public Group {
  public:
    explicit Several(c10::intrusive_ptr<c10d::ProcessGroup> group) : group_(std::move(group)) {}

    int64_t rank() const override { return group_->getRank(); }
    int64_t size() const override { return group_->getSize(); }

    void all_reduce(at::Tensor& values, Reduction how) override {
        if (values.numel() == 0) {
            return;
        }
        std::vector<at::Tensor> dense = {dense_of(values)};
        c10d::AllreduceOptions options;
        options.reduceOp = operation_of(how);
        group_->allreduce(dense, options)->wait();
        take(values, dense.front());
    }

    void broadcast(at::Tensor& values, int64_t root) override {
        if (values.numel() == 0) {
            return;
        }
        std::vector<at::Tensor> dense = {dense_of(values)};
        c10d::BroadcastOptions options;
        options.rootRank = root;
        group_->broadcast(dense, options)->wait();
        take(values, dense.front());
    }

    void barrier() override { group_->barrier()->wait(); }

    c10::intrusive_ptr<c10d::ProcessGroup> process_group() const override { return group_; }

  private:
    static at::Tensor dense_of(const at::Tensor& values) {
        return values.detach().to(at::kCPU).contiguous();
    }

    static void take(at::Tensor& values, const at::Tensor& dense) {
        if (dense.data_ptr() != values.data_ptr()) {
            const at::NoGradGuard no_grad;
            values.copy_(dense);
        }
    }

    c10::intrusive_ptr<c10d::ProcessGroup> group_;
};

Solo solo;
Group* current = &solo;

/// Truncates a long text.
std::string shortened(const std::string& text) {
    constexpr size_t most = 300;
    return text.size() <= most ? text : fmt::format("{} ...", text.substr(0, most));
}

}  // namespace

c10::intrusive_ptr<c10d::ProcessGroup> Solo::process_group() const {
    return {};
}

std::vector<std::pair<int64_t, int64_t>> Group::own_batches(int64_t rows,
                                                            int64_t batch_size) const {
    std::vector<std::pair<int64_t, int64_t>> batches;
    for (int64_t begin = rank() * batch_size; begin < rows; begin += size() * batch_size) {
        batches.emplace_back(begin, std::min(begin + batch_size, rows));
    }
    return batches;
}

int64_t Group::agree(int64_t value) {
    return agree(std::vector<int64_t>{value}).front();
}

std::vector<int64_t> Group::agree(const std::vector<int64_t>& values) {
    if (size() == 1) {
        return values;
    }
    auto all = at::tensor(values, at::kLong);
    all_reduce(all, Reduction::most);
    const auto* numbers = all.const_data_ptr<int64_t>();
    return {numbers, numbers + values.size()};
}

std::string Group::broadcast_text(const std::string& text, int64_t root) {
    if (size() == 1) {
        return text;
    }
    auto length = at::full({1}, static_cast<int64_t>(text.size()), at::kLong);
    broadcast(length, root);
    auto bytes = at::empty({length.item<int64_t>()}, at::kByte);
    if (rank() == root) {
        std::ranges::copy(text, bytes.mutable_data_ptr<uint8_t>());
    }
    broadcast(bytes, root);
    return {reinterpret_cast<const char*>(bytes.const_data_ptr<uint8_t>()),
            static_cast<size_t>(bytes.numel())};
}

std::unique_ptr<Group> make_group(c10::intrusive_ptr<c10d::ProcessGroup> group) {
    return std::make_unique<Several>(std::move(group));
}

Group& world() {
    return *current;
}

void set_world(Group* group) noexcept {
    current = group != nullptr ? group : &solo;
}

AloneScope::AloneScope() : before_(current) {
    current = &solo;
}

AloneScope::~AloneScope() {
    current = before_;
}

at::Tensor gather_rows(Group& group, const std::vector<std::pair<int64_t, at::Tensor>>& pieces,
                       int64_t rows) {
    if (group.size() == 1) {
        std::vector<at::Tensor> all;
        std::ranges::transform(pieces, std::back_inserter(all),
                               &std::pair<int64_t, at::Tensor>::second);
        return at::cat(all);
    }
    constexpr size_t most_dimensions = 8;
    std::vector<int64_t> form(most_dimensions + 2, 0);  // a rank may have no rows
    if (!pieces.empty()) {
        const auto& first = pieces.front().second;
        form[0] = static_cast<int64_t>(first.scalar_type());
        form[1] = first.dim();
        std::ranges::copy(first.sizes().slice(1), form.begin() + 2);
    }
    form = group.agree(form);
    std::vector<int64_t> shape = {rows};
    shape.insert(shape.end(), form.begin() + 2, form.begin() + 1 + form[1]);
    auto all = at::zeros(shape, at::TensorOptions(static_cast<at::ScalarType>(form[0])));
    for (const auto& [begin, piece] : pieces) {
        all.slice(0, begin, begin + piece.size(0)).copy_(piece);
    }
    // Added as integers, because adding a zero then keeps all bits, including those of -0 and NaN.
    auto bits = all.view(all.element_size() == 8   ? at::kLong
                         : all.element_size() == 4 ? at::kInt
                                                   : at::kByte);
    group.all_reduce(bits, Reduction::sum);
    return all;
}

void require_same(Group& group, const std::string& what, const std::string& value) {
    const auto first = group.broadcast_text(value);
    const auto differs = group.agree(first != value ? group.rank() : 0);
    if (differs != 0) {
        const auto other = group.broadcast_text(value, differs);
        fail("{} differs between the ranks: rank 0 has {}, rank {} has {}", what, shortened(first),
             differs, shortened(other));
    }
}

}  // namespace hfc::parallel
