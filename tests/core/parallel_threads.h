// Ranks that are threads of one process, for tests of what takes a parallel::Group.
#pragma once

#include "parallel/group.h"

#include <ATen/ATen.h>
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>

#include <barrier>
#include <cstddef>
#include <exception>
#include <memory>
#include <thread>
#include <vector>

namespace hfc::test {

/// What the threads share.
struct Meeting {
    explicit Meeting(std::ptrdiff_t size) : point(size), values(static_cast<size_t>(size)) {}
    std::barrier<> point;
    std::vector<at::Tensor> values;
};

class ThreadGroup : public parallel::Group {
  public:
    ThreadGroup(Meeting& meeting, int64_t rank) : meeting_(meeting), rank_(rank) {}
    int64_t rank() const override { return rank_; }
    int64_t size() const override { return static_cast<int64_t>(meeting_.values.size()); }

    void all_reduce(at::Tensor& values, parallel::Reduction how) override {
        const auto all = exchange(values);
        auto result = all.front();
        for (size_t i = 1; i < all.size(); ++i) {
            result = how == parallel::Reduction::sum     ? result + all[i]
                     : how == parallel::Reduction::least ? at::minimum(result, all[i])
                                                         : at::maximum(result, all[i]);
        }
        const at::NoGradGuard no_grad;
        values.copy_(result);
    }

    void broadcast(at::Tensor& values, int64_t root) override {
        const auto all = exchange(values);
        const at::NoGradGuard no_grad;
        values.copy_(all[static_cast<size_t>(root)]);
    }

    void barrier() override { meeting_.point.arrive_and_wait(); }
    c10::intrusive_ptr<c10d::ProcessGroup> process_group() const override { return {}; }

  private:
    std::vector<at::Tensor> exchange(const at::Tensor& values) {
        meeting_.values[static_cast<size_t>(rank_)] = values.detach().clone();
        barrier();
        const auto all = meeting_.values;
        barrier();
        return all;
    }

    Meeting& meeting_;
    int64_t rank_;
};

/// Calls work(group) on a thread for each rank.
template <typename Work>
void on_ranks(int64_t size, Work&& work) {
    Meeting meeting(size);
    std::vector<std::exception_ptr> errors(static_cast<size_t>(size));
    {
        std::vector<std::jthread> threads;
        for (int64_t rank = 0; rank < size; ++rank) {
            threads.emplace_back([&, rank] {
                try {
                    ThreadGroup group(meeting, rank);
                    work(group);
                } catch (...) {
                    errors[static_cast<size_t>(rank)] = std::current_exception();
                }
            });
        }
    }
    for (const auto& error : errors) {
        if (error) {
            std::rethrow_exception(error);
        }
    }
}

}  // namespace hfc::test
