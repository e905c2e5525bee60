// How the processes of a job share the images that a network is measured on.
#pragma once

#include "data/order.h"
#include "parallel/group.h"

namespace hfc::model {

/// The part of this process of the group: whole batches, each the one that a single process has, so
/// that all numbers are the same.
inline data::Share share_of(const parallel::Group& group) {
    return {group.rank(), group.size()};
}

}  // namespace hfc::model
