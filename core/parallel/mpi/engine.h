// The only thread that calls MPI. It starts a collective, waits for it without occupying a core,
// answers other ranks' requests for this rank's position, and reports ranks that do not take part.
#pragma once

#define OMPI_SKIP_MPICXX 1  // the C++ bindings would need an additional library
#define MPICH_SKIP_MPICXX 1
#include <mpi.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace hfc::parallel::mpi {

/// Throws std::runtime_error with MPI's error message.
void check(int code, const char* what);

class Engine {
  public:
    /// One collective. Each call to `start` starts the next part of the collective, or returns
    /// false if no part is left.
    struct Job {
        std::string name;  ///< "all_reduce of 1024 numbers"
        std::function<bool(MPI_Request&)> start;
        std::function<void(std::exception_ptr)> done;
        bool ends = false;  ///< this rank has reached the end
    };

    /// MPI must be initialised, with at least MPI_THREAD_SERIALIZED.
    explicit Engine(double timeout);
    /// Completes all queued work first.
    ~Engine();
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    int rank() const { return rank_; }
    int size() const { return size_; }
    /// Only for the barrier in hfc_parallel_end(): a rank that has ended must not take part in the
    /// other ranks' collectives.
    MPI_Comm end_communicator() const { return ends_; }

    void add(Job job);
    /// Ends all ranks.
    [[noreturn]] void abort(int status);

  private:
    using Clock = std::chrono::steady_clock;
    void loop();
    void run(Job& job);
    void wait(MPI_Request& request, const std::string& name);
    void look_around();
    void answer_questions();
    bool accuse(MPI_Request& request, const std::string& name);
    std::string places(const std::deque<int64_t>& numbers) const;

    double timeout_;
    int rank_ = 0;
    int size_ = 1;
    MPI_Comm questions_ = MPI_COMM_NULL;
    MPI_Comm ends_ = MPI_COMM_NULL;
    int64_t number_ = 0;  ///< the number of the collective that this rank has reached
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<Job> queue_;
    bool stop_ = false;
    std::atomic<int> abort_status_ = -1;
    std::thread thread_;  ///< the last member, because it uses the others
};

}  // namespace hfc::parallel::mpi
