// How the processes of a job divide the images on which a network is measured.
#pragma once

#include "data/order.h"
#include "parallel/group.h"

namespace hfc::model {

/// This process's share consists of whole batches. They are the same batches as in a single
/// process, so all numbers are the same as well.
inline data::Share share_of(const parallel::Group& group) {
    return {group.rank(), group.size()};
}

}  // namespace hfc::model
