// libhfc_parallel_mpi.so, which is loaded if MPI's launcher has started several processes.
#include "parallel/module.h"

#include "parallel/mpi/backend.h"
#include "parallel/mpi/engine.h"

#include <torch/csrc/distributed/c10d/HashStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>

#include <cstdio>
#include <exception>
#include <future>
#include <memory>
#include <stdexcept>

namespace hfc::parallel::mpi {
namespace {

std::unique_ptr<Engine> engine;

void begin_mpi() {
    int provided = 0;
    check(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &provided), "MPI_Init_thread");
    if (provided < MPI_THREAD_SERIALIZED) {
        throw std::runtime_error(
            "this MPI library does not support calls from several threads (MPI_THREAD_SERIALIZED)");
    }
}

/// Counts the ranks that share this machine's memory.
void count_neighbours(HfcParallel& result) {
    MPI_Comm here = MPI_COMM_NULL;
    check(MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &here),
          "MPI_Comm_split_type");
    check(MPI_Comm_rank(here, &result.local_rank), "MPI_Comm_rank");
    check(MPI_Comm_size(here, &result.local_size), "MPI_Comm_size");
    check(MPI_Comm_free(&here), "MPI_Comm_free");
}

c10d::ProcessGroup* make_process_group() {
    auto group = c10::make_intrusive<c10d::ProcessGroup>(c10::make_intrusive<c10d::HashStore>(),
                                                         engine->rank(), engine->size());
    group->setBackend(c10::DeviceType::CPU, c10d::ProcessGroup::MPI,
                      c10::make_intrusive<Backend>(*engine));
    group->setDefaultBackend(c10d::ProcessGroup::MPI);
    return group.release();
}

}  // namespace
}  // namespace hfc::parallel::mpi

extern "C" {

__attribute__((visibility("default"))) int hfc_parallel_begin(double timeout, HfcParallel* result,
                                                              char* message, size_t message_size) {
    using namespace hfc::parallel::mpi;
    try {
        begin_mpi();
        count_neighbours(*result);
        engine = std::make_unique<Engine>(timeout);
        result->group = make_process_group();
        return 0;
    } catch (const std::exception& error) {
        std::snprintf(message, message_size, "%s", error.what());
        return 1;
    }
}

__attribute__((visibility("default"))) void hfc_parallel_end() {
    using namespace hfc::parallel::mpi;
    std::promise<void> ended;
    engine->add({"the end of the script",
                 [begun = false](MPI_Request& request) mutable {
                     if (begun) {
                         return false;
                     }
                     begun = true;
                     check(MPI_Ibarrier(engine->end_communicator(), &request), "MPI_Ibarrier");
                     return true;
                 },
                 [&](const std::exception_ptr&) { ended.set_value(); },
                 /*ends=*/true});
    ended.get_future().wait();
    engine.reset();
    MPI_Finalize();
}

__attribute__((visibility("default"))) void hfc_parallel_abort(int status) {
    hfc::parallel::mpi::engine->abort(status);
}

}  // extern "C"
