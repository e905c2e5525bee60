#include "checkpoint/writer.h"

#include <utility>

namespace hfc::checkpoint {

Writer::~Writer() {
    if (running_.valid()) {
        running_.wait();
    }
}

void Writer::save(int64_t number, Checkpoint checkpoint, std::optional<Link> link) {
    wait();
    running_ = std::async(std::launch::async, [store = store_, number, link = std::move(link),
                                               checkpoint = std::move(checkpoint)] {
        store.save(number, checkpoint);
        if (link) {
            store.link(number, link->store, link->number);
        }
    });
}

void Writer::wait() {
    if (running_.valid()) {
        running_.get();
    }
}

}  // namespace hfc::checkpoint
