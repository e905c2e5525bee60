#include "train/asked.h"

#include "base/interrupt.h"

namespace hfc::train {

Asked ask_all(parallel::Group& group, bool pause, bool checkpoint) {
    const auto agreed = group.agree({pause ? 1 : 0, requested_signal(), checkpoint ? 1 : 0});
    if (agreed[1] != 0 && !interrupt_requested()) {
        adopt_interrupt(static_cast<int>(agreed[1]));
    }
    return {agreed[0] != 0, agreed[1] != 0, agreed[2] != 0};
}

}  // namespace hfc::train
