#include "viewer/microscope_link.h"

#include <thread>
#include <utility>

namespace hfc::viewer {

using microscope::Message;

MicroscopeLink::MicroscopeLink(int from_host, int to_host, std::function<void()> notify)
    : to_host_(to_host), shared_(std::make_shared<Shared>()) {
    // Detached, because the thread waits in read() and the process may end in the meantime.
    std::thread([from_host, shared = shared_, notify = std::move(notify)] {
        microscope::MessageReader reader(from_host);
        while (auto message = reader.next()) {
            {
                const std::lock_guard lock(shared->mutex);
                shared->news.push_back(std::move(*message));
            }
            notify();
        }
        shared->gone = true;
        notify();
    }).detach();
}

void MicroscopeLink::ask(Message request) {
    if (!microscope::write_message(to_host_, std::move(request))) {
        shared_->gone = true;
    }
}

std::vector<Message> MicroscopeLink::news() {
    const std::lock_guard lock(shared_->mutex);
    return std::exchange(shared_->news, {});
}

}  // namespace hfc::viewer
