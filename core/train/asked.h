// Requests to the processes of a training run, handled between batches.
#pragma once

#include "parallel/group.h"

namespace hfc::train {

struct Asked {
    bool pause = false;
    bool end = false;  ///< a process has received a signal; the others then end as well
    bool checkpoint = false;
};

/// Returns the requests made to any process of the group. Each process passes its own requests.
Asked ask_all(parallel::Group& group, bool pause, bool checkpoint);

}  // namespace hfc::train
