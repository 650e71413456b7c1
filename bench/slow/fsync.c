// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A slower disk: loaded before everything else (LD_PRELOAD), each flush takes SLOW_FSYNC_MS longer.

#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void wait_longer(void) {
  const char *text = getenv("SLOW_FSYNC_MS");
  long ms = text == NULL ? 0 : strtol(text, NULL, 10);
  struct timespec time = {ms / 1000, (ms % 1000) * 1000000};
  nanosleep(&time, NULL);
}

int fsync(int file) {
  wait_longer();
  return (int)syscall(SYS_fsync, file);
}

int fdatasync(int file) {
  wait_longer();
  return (int)syscall(SYS_fdatasync, file);
}
