// SPDX-License-Identifier: Apache-2.0
#include "hooks/child.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

#include "base/error.h"
#include "base/name.h"

namespace imprint::hooks {

namespace {

constexpr std::array kKeptVariables = {"PATH", "HOME", "LANG", "TZ", "TMPDIR"};

struct Pipe {
  FileDescriptor read;
  FileDescriptor write;

  static Result<Pipe> make() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0)
      return fail(Fault::unavailable, "no pipe: {}", std::strerror(errno));
    return Pipe{FileDescriptor(ends[0]), FileDescriptor(ends[1])};
  }
};

std::vector<std::string> minimal_environment() {
  std::vector<std::string> out;
  for (const char* name : kKeptVariables) {
    // Nothing in the server changes its environment.
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
    if (value != nullptr) out.push_back(fmt::format("{}={}", name, value));
  }
  return out;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

/// posix_spawn's settings, destroyed with it.
struct SpawnSettings {
  posix_spawn_file_actions_t files{};
  posix_spawnattr_t attributes{};

  SpawnSettings(const Pipe& in, const Pipe& out, const Pipe& err,
                const std::filesystem::path& folder) {
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, in.read.get(), STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&files, out.write.get(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, err.write.get(), STDERR_FILENO);
    // The child must not inherit device sockets or the registry.
    posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
    posix_spawn_file_actions_addchdir_np(&files, folder.c_str());
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(
        &attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
};

Unexpected cannot_run(Fault fault, const std::string& program, const std::filesystem::path& folder,
                      int error) {
  return fail(fault, "cannot run {} in {}: {}", quote(program), folder.string(),
              std::strerror(error));
}

/// 0, or the errno that says why it cannot be run.
int problem_of(const std::filesystem::path& program) {
  std::error_code ignored;
  if (std::filesystem::is_directory(program, ignored)) return EACCES;
  return ::access(program.c_str(), X_OK) == 0 ? 0 : errno;
}

}  // namespace

Result<void> Child::find(const std::vector<std::string>& command,
                         const std::filesystem::path& folder) {
  const std::string& program = command.front();
  if (program.find('/') != std::string::npos) {
    const int problem = problem_of(folder / program);
    if (problem != 0) return cannot_run(Fault::not_found, program, folder, problem);
    return {};
  }
  // Nothing in the server changes its environment.
  const char* path = std::getenv("PATH");  // NOLINT(concurrency-mt-unsafe)
  std::string_view rest = path == nullptr ? std::string_view() : path;
  while (!rest.empty()) {
    const std::string_view place = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(place.size() + 1, rest.size()));
    if (problem_of(folder / place / program) == 0) return {};
  }
  return cannot_run(Fault::unavailable, program, folder, ENOENT);
}

Result<Child> Child::start(const std::vector<std::string>& command,
                           const std::filesystem::path& folder) {
  TRY_ASSIGN(Pipe in, Pipe::make());
  TRY_ASSIGN(Pipe out, Pipe::make());
  TRY_ASSIGN(Pipe err, Pipe::make());
  const SpawnSettings settings(in, out, err, folder);
  std::vector<std::string> words = command;
  std::vector<std::string> variables = minimal_environment();
  Child child;
  const int error =
      ::posix_spawnp(&child.pid_, words.front().c_str(), &settings.files, &settings.attributes,
                     pointers_to(words).data(), pointers_to(variables).data());
  if (error != 0) {
    child.pid_ = -1;
    return cannot_run(error == ENOENT ? Fault::not_found : Fault::unavailable, command.front(),
                      folder, error);
  }
  child.in = std::move(in.write);
  child.out = std::move(out.read);
  child.err = std::move(err.read);
  // glibc 2.36 declares pidfd_open() for C only.
  child.process = FileDescriptor(static_cast<int>(::syscall(SYS_pidfd_open, child.pid_, 0)));
  if (!child.process.is_open())
    return fail(Fault::unavailable, "no pidfd for {}: {}", command.front(), std::strerror(errno));
  return child;
}

Child::Child(Child&& other) noexcept
    : in(std::move(other.in)),
      out(std::move(other.out)),
      err(std::move(other.err)),
      process(std::move(other.process)),
      pid_(std::exchange(other.pid_, -1)) {}

Child::~Child() {
  if (pid_ < 0) return;
  kill();
  reap();
}

void Child::kill() const {
  if (pid_ > 0) ::kill(-pid_, SIGKILL);
}

void Child::terminate() const {
  if (pid_ > 0) ::kill(-pid_, SIGTERM);
}

std::string Child::reap() {
  int status = 0;
  const pid_t pid = std::exchange(pid_, -1);
  // Ends the child processes it left behind; until it is waited for, its process id cannot be
  // reused.
  ::kill(-pid, SIGKILL);
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return "an unknown status";
  }
  return WIFSIGNALED(status) ? fmt::format("signal {}", WTERMSIG(status))
                             : fmt::format("exit status {}", WEXITSTATUS(status));
}

}  // namespace imprint::hooks
