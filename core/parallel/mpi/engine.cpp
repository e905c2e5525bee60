#include "parallel/mpi/engine.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <utility>

namespace hfc::parallel::mpi {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr int question_tag = 1;
constexpr int answer_tag = 2;
constexpr int64_t unknown = -1;
constexpr int64_t at_end = 0;  ///< used in place of a collective's number
/// How often a waiting or idle rank checks for questions from other ranks.
constexpr auto look_every = milliseconds(200);
/// How long a rank may take to answer.
constexpr auto answer_time = std::chrono::seconds(2);

/// Small collectives take about 10 us, so the thread polls for a while before it releases the core.
void rest(std::chrono::steady_clock::duration waited) {
    if (waited < microseconds(50)) {
        return;
    }
    std::this_thread::sleep_for(waited < milliseconds(20) ? microseconds(20) : microseconds(200));
}

}  // namespace

void check(int code, const char* what) {
    if (code == MPI_SUCCESS) {
        return;
    }
    char text[MPI_MAX_ERROR_STRING] = "";
    int length = 0;
    MPI_Error_string(code, text, &length);
    throw std::runtime_error(std::string(what) + ": " + std::string(text, length));
}

Engine::Engine(double timeout) : timeout_(timeout) {
    check(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
    check(MPI_Comm_rank(MPI_COMM_WORLD, &rank_), "MPI_Comm_rank");
    check(MPI_Comm_size(MPI_COMM_WORLD, &size_), "MPI_Comm_size");
    check(MPI_Comm_dup(MPI_COMM_WORLD, &questions_), "MPI_Comm_dup");
    check(MPI_Comm_dup(MPI_COMM_WORLD, &ends_), "MPI_Comm_dup");
    thread_ = std::thread([this] { loop(); });
}

Engine::~Engine() {
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    wake_.notify_all();
    thread_.join();
}

void Engine::add(Job job) {
    {
        const std::lock_guard lock(mutex_);
        queue_.push_back(std::move(job));
    }
    wake_.notify_one();
}

void Engine::abort(int status) {
    abort_status_ = status;
    wake_.notify_all();
    std::this_thread::sleep_for(std::chrono::seconds(5));
    _exit(status);  // the thread is stuck in an MPI call
}

void Engine::loop() {
    std::unique_lock lock(mutex_);
    while (true) {
        wake_.wait_for(lock, look_every,
                       [&] { return stop_ || !queue_.empty() || abort_status_ >= 0; });
        if (queue_.empty()) {
            if (stop_) {
                return;
            }
            lock.unlock();
            look_around();
            lock.lock();
            continue;
        }
        Job job = std::move(queue_.front());
        queue_.pop_front();
        lock.unlock();
        run(job);
        job = {};
        lock.lock();
    }
}

void Engine::run(Job& job) {
    std::exception_ptr error;
    number_ = job.ends ? at_end : number_ + 1;
    try {
        MPI_Request request = MPI_REQUEST_NULL;
        while (job.start(request)) {
            wait(request, job.name);
        }
    } catch (...) {
        error = std::current_exception();
    }
    job.done(error);
}

void Engine::wait(MPI_Request& request, const std::string& name) {
    const auto begin = Clock::now();
    auto next_look = begin + look_every;
    // Rank 0 reports first.
    const std::chrono::duration<double> patience(timeout_ + 3.0 * std::min(rank_, 5));
    while (true) {
        int done = 0;
        check(MPI_Test(&request, &done, MPI_STATUS_IGNORE), name.c_str());
        if (done != 0) {
            return;
        }
        const auto now = Clock::now();
        rest(now - begin);
        if (now < next_look) {
            continue;
        }
        next_look = now + look_every;
        look_around();
        if (now - begin > patience && accuse(request, name)) {
            return;
        }
    }
}

void Engine::look_around() {
    if (abort_status_ >= 0) {
        MPI_Abort(MPI_COMM_WORLD, abort_status_);
    }
    answer_questions();
}

void Engine::answer_questions() {
    while (true) {
        int there = 0;
        MPI_Status status;
        MPI_Iprobe(MPI_ANY_SOURCE, question_tag, questions_, &there, &status);
        if (there == 0) {
            return;
        }
        int64_t question = 0;
        MPI_Recv(&question, 1, MPI_INT64_T, status.MPI_SOURCE, question_tag, questions_,
                 MPI_STATUS_IGNORE);
        MPI_Send(&number_, 1, MPI_INT64_T, status.MPI_SOURCE, answer_tag, questions_);
    }
}

/// Asks the other ranks where they are, reports those that are missing and aborts all processes.
/// Returns true if the collective finishes in the meantime.
bool Engine::accuse(MPI_Request& request, const std::string& name) {
    std::deque<int64_t> numbers(static_cast<size_t>(size_), unknown);
    numbers[static_cast<size_t>(rank_)] = number_;
    static int64_t question = 0;  // a stopped rank might receive it much later
    for (int other = 0; other < size_; ++other) {
        MPI_Request sent = MPI_REQUEST_NULL;
        if (other != rank_ && MPI_Isend(&question, 1, MPI_INT64_T, other, question_tag, questions_,
                                        &sent) == MPI_SUCCESS) {
            MPI_Request_free(&sent);
        }
    }
    for (const auto last = Clock::now() + answer_time; Clock::now() < last;) {
        int there = 0, done = 0;
        MPI_Status status;
        MPI_Iprobe(MPI_ANY_SOURCE, answer_tag, questions_, &there, &status);
        if (there != 0) {
            MPI_Recv(&numbers[static_cast<size_t>(status.MPI_SOURCE)], 1, MPI_INT64_T,
                     status.MPI_SOURCE, answer_tag, questions_, MPI_STATUS_IGNORE);
        }
        look_around();
        check(MPI_Test(&request, &done, MPI_STATUS_IGNORE), name.c_str());
        if (done != 0) {
            return true;
        }
        std::this_thread::sleep_for(milliseconds(1));
    }
    std::fprintf(stderr, "hfc-host: rank %d has waited %.0f s in collective %lld (%s): %s\n", rank_,
                 timeout_, static_cast<long long>(number_), name.c_str(), places(numbers).c_str());
    MPI_Abort(MPI_COMM_WORLD, 1);
    return false;
}

std::string Engine::places(const std::deque<int64_t>& numbers) const {
    constexpr int most = 8;
    std::string text;
    int told = 0;
    for (int other = 0; other < size_ && told < most; ++other) {
        const auto number = numbers[static_cast<size_t>(other)];
        const bool here = other == rank_ || (number >= number_ && number_ != at_end);
        if (here || (number == at_end && number_ == at_end)) {
            continue;
        }
        const auto rank = (text.empty() ? "rank " : "; rank ") + std::to_string(other);
        text += rank + (number == unknown
                            ? " does not respond (it has stopped, or its machine is unreachable)"
                        : number == at_end ? " has already finished"
                                           : " is at collective " + std::to_string(number));
        ++told;
    }
    return text.empty()
               ? "all ranks have reached this collective, so the fault lies in the connection"
               : text;
}

}  // namespace hfc::parallel::mpi
