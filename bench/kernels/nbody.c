/* Doubles in structures: planets. */
#include <math.h>

#include "bench.h"
typedef struct {
  double x, y, z, vx, vy, vz, mass;
} Body;
uint64_t kernel(void) {
  Body b[5];
  for (int i = 0; i < 5; ++i) b[i] = (Body){i * 1.5, i * 0.7 - 1, i * 0.3, 0.1 * i, 0.2 - 0.05 * i, 0.01 * i, 1.0 / (i + 1)};
  b[0].x += opaque_zero;
  for (int step = 0; step < 60000; ++step) {
    for (int i = 0; i < 5; ++i) {
      for (int j = i + 1; j < 5; ++j) {
        double dx = b[i].x - b[j].x, dy = b[i].y - b[j].y, dz = b[i].z - b[j].z;
        double d2 = dx * dx + dy * dy + dz * dz + 0.01;
        double f = 0.0005 / (d2 * sqrt(d2));
        b[i].vx -= dx * b[j].mass * f, b[i].vy -= dy * b[j].mass * f, b[i].vz -= dz * b[j].mass * f;
        b[j].vx += dx * b[i].mass * f, b[j].vy += dy * b[i].mass * f, b[j].vz += dz * b[i].mass * f;
      }
    }
    for (int i = 0; i < 5; ++i) b[i].x += 0.0005 * b[i].vx, b[i].y += 0.0005 * b[i].vy, b[i].z += 0.0005 * b[i].vz;
  }
  return bits_of(b[0].x + b[1].y + b[2].z);
}
