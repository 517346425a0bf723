// Arguments and environment; ends with the status that its first argument says.
#include <stdio.h>
#include <stdlib.h>

extern char** environ;

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) printf("argument %s\n", argv[i]);
  int n = 0;
  for (char** e = environ; e && *e; ++e) ++n;
  printf("%d variables\n", n);
  printf("NAME is %s\n", getenv("NAME") ? getenv("NAME") : "unset");
  printf("HOME is %s\n", getenv("HOME") ? getenv("HOME") : "unset");
  fflush(stdout);
  exit(argc > 1 ? atoi(argv[1]) : 0);
}
