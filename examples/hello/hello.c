/* The smallest program that does something: prints its greeting and its arguments. */
#include <stdio.h>

int main(int argc, char** argv) {
  printf("hello from inside the sandbox\n");
  for (int i = 1; i < argc; ++i) printf("argument %d: %s\n", i, argv[i]);
  return 0;
}
