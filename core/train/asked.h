// What the processes of a training are asked for between two batches.
#pragma once

#include "parallel/group.h"

namespace hfc::train {

struct Asked {
    bool pause = false;
    bool end = false;  ///< by a signal, which the other processes take over
    bool checkpoint = false;
};

/// What any process of the group is asked for; each says what it is asked for itself.
Asked ask_all(parallel::Group& group, bool pause, bool checkpoint);

}  // namespace hfc::train
