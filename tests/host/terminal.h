// hfc-host at a pseudo-terminal.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace hfc::test {

class Terminal {
  public:
    /// state_home: where the history is kept.
    explicit Terminal(const std::filesystem::path& state_home,
                      const std::vector<std::string>& arguments = {});
    ~Terminal();
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;

    /// Types, and reads what is shown meanwhile.
    void type(const std::string& text);
    /// Waits until `text` is shown, behind what was waited for before; fails after twenty seconds.
    void wait_for(const std::string& text);
    void resize(unsigned short columns, unsigned short rows) const;
    void signal(int number) const;
    int exit_status();

  private:
    /// Reads what is shown, if anything within that time; false where the terminal is gone.
    bool read_shown(int wait_ms);

    std::string shown_;
    int terminal_ = -1;
    pid_t process_ = -1;
};

}  // namespace hfc::test
