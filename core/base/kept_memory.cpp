#include "base/kept_memory.h"

#include <ATen/EmptyTensor.h>
#include <c10/core/Allocator.h>
#include <c10/core/impl/alloc_cpu.h>

#include <algorithm>
#include <deque>
#include <mutex>

namespace hfc {
namespace {

constexpr size_t kept_limit = size_t{256} << 20;
/// malloc serves smaller blocks from memory that it keeps anyway.
constexpr size_t smallest_kept = size_t{128} << 10;

struct Block {
    explicit Block(size_t size) : bytes(size), memory(c10::alloc_cpu(size)) {}
    ~Block() { c10::free_cpu(memory); }
    Block(const Block&) = delete;
    Block& operator=(const Block&) = delete;

    size_t bytes;
    void* memory;
};

class KeptAllocator final : public c10::Allocator {
  public:
    /// Never destroyed, because tensors may still be freed while the process exits.
    static KeptAllocator& instance() {
        static auto& allocator = *new KeptAllocator;
        return allocator;
    }

    c10::DataPtr allocate(size_t bytes) override {
        auto block = take(bytes);
        if (!block) {
            block = std::make_unique<Block>(bytes);
        }
        auto* const memory = block->memory;
        return {memory, block.release(),
                [](void* context) {
                    instance().keep(std::unique_ptr<Block>(static_cast<Block*>(context)));
                },
                at::Device(at::kCPU)};
    }

    void copy_data(void* to, const void* from, size_t bytes) const override {
        default_copy_data(to, from, bytes);
    }

  private:
    std::unique_ptr<Block> take(size_t bytes) {
        const std::scoped_lock lock(mutex_);
        const auto found =
            std::ranges::find(kept_, bytes, [](const auto& block) { return block->bytes; });
        if (found == kept_.end()) {
            return nullptr;
        }
        auto block = std::move(*found);
        kept_.erase(found);
        kept_bytes_ -= bytes;
        return block;
    }

    /// New blocks go to the front, where they are found first; the oldest ones are dropped to make
    /// room.
    void keep(std::unique_ptr<Block> block) {
        if (block->bytes < smallest_kept || block->bytes > kept_limit) {
            return;
        }
        const std::scoped_lock lock(mutex_);
        kept_bytes_ += block->bytes;
        kept_.push_front(std::move(block));
        while (kept_bytes_ > kept_limit) {
            kept_bytes_ -= kept_.back()->bytes;
            kept_.pop_back();
        }
    }

    std::mutex mutex_;
    std::deque<std::unique_ptr<Block>> kept_;
    size_t kept_bytes_ = 0;
};

}  // namespace

at::Tensor empty_kept(at::IntArrayRef sizes, at::ScalarType dtype) {
    const c10::DispatchKeySet cpu(c10::DispatchKey::CPU);
    return at::detail::empty_generic(sizes, &KeptAllocator::instance(), cpu, dtype, std::nullopt);
}

}  // namespace hfc
