// SPDX-License-Identifier: Apache-2.0
#include "registry/sqlite/snapshot.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

#include "registry/sqlite/statement.h"

namespace imprint::registry {

Result<void> copy_store(const std::filesystem::path& from, const std::filesystem::path& to) {
  TRY_ASSIGN(const std::unique_ptr<Connection> source,
             Connection::open(from.string(), Connection::Mode::read_only));
  // VACUUM INTO takes an empty file; SQLite would make one with the umask's mode.
  const int fd = ::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0)
    return fail(Fault::unavailable, "cannot create {}: {}", to.string(), std::strerror(errno));
  ::close(fd);
  auto copied = source->run("VACUUM INTO ?1", {to.string()});
  if (!copied) ::unlink(to.c_str());
  return copied;
}

}  // namespace imprint::registry
