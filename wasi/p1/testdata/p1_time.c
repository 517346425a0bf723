// Clocks, sleeping and polling.
#include <poll.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static long long now(clockid_t id) {
  struct timespec t;
  clock_gettime(id, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

int main(void) {
  const long long a = now(CLOCK_MONOTONIC);
  usleep(20000);
  const long long slept = now(CLOCK_MONOTONIC) - a;
  printf("slept %d\n", slept >= 20000000 && slept < 5000000000);
  struct timespec t = now(CLOCK_MONOTONIC) >= a ? (struct timespec){0, 10000000} : (struct timespec){0, 0};
  printf("nanosleep %d\n", nanosleep(&t, NULL));
  printf("this century %d\n", now(CLOCK_REALTIME) > 1600000000LL * 1000000000);
  struct timespec r;
  printf("resolution %d\n", clock_getres(CLOCK_MONOTONIC, &r) == 0 && (r.tv_sec || r.tv_nsec));

  struct pollfd p[2] = {{.fd = 1, .events = POLLOUT}, {.fd = 77, .events = POLLIN}};
  printf("poll %d", poll(p, 1, 1000));
  printf(" writable %d\n", (p[0].revents & POLLOUT) != 0);
  const int n = poll(p, 2, 1000);
  printf("poll with a closed one: %d %d\n", n, (p[1].revents & POLLNVAL) != 0);
  return 0;
}
