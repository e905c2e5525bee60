// How the processes of a job divide the images on which a network is measured.
#pragma once

#include "data/order.h"
#include "parallel/group.h"

namespace hfc::model {

/// This process's share: whole batches, each the same as in a single process, so that all numbers
/// are the same.
inline data::Share share_of(const parallel::Group& group) {
    return {group.rank(), group.size()};
}

}  // namespace hfc::model
