// SPDX-License-Identifier: Apache-2.0
#include "bench/child.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <stdexcept>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "base/file.h"

namespace imprint::bench {

Child::Child(const std::vector<std::string>& command, std::filesystem::path output)
    : output_(std::move(output)) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions{};
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output_.c_str(),
                                   O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  const int error = posix_spawn(&pid_, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0)
    throw std::runtime_error(fmt::format("cannot start {}: {}", command[0], std::strerror(error)));
}

Child::~Child() {
  kill(pid_, SIGTERM);
  waitpid(pid_, nullptr, 0);
}

std::string Child::output() const {
  constexpr std::size_t kMaxOutput = std::size_t{64} << 20U;
  return read_file(output_, kMaxOutput).value_or("");
}

void Child::wait_for_output(const std::string& text) const {
  for (int i = 0; i < 200; ++i) {
    if (output().find(text) != std::string::npos) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  throw std::runtime_error(fmt::format("a server printed no \"{}\", but:\n{}", text, output()));
}

std::uint16_t free_port() {
  boost::asio::io_context loop;
  const boost::asio::ip::tcp::acceptor acceptor(loop, {boost::asio::ip::address_v4::loopback(), 0});
  return acceptor.local_endpoint().port();
}

}  // namespace imprint::bench
