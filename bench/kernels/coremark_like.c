/* What CoreMark mixes: list search and reversal, matrix products in integers, a state machine over text, and a
 * CRC over it all. Written for this benchmark; not comparable with published CoreMark scores. */
#include "bench.h"
typedef struct Node {
  struct Node* next;
  uint32_t key, value;
} Node;
enum { kNodes = 200, kMatrix = 20 };
static Node nodes[kNodes];
static int16_t ma[kMatrix][kMatrix], mb[kMatrix][kMatrix];
static int32_t mc[kMatrix][kMatrix];
static uint16_t crc(uint16_t c, uint32_t v) {
  for (int i = 0; i < 32; ++i, v >>= 1) c = (uint16_t)(((c ^ v) & 1) ? (c >> 1) ^ 0xA001 : c >> 1);
  return c;
}
static Node* reverse(Node* head) {
  Node* done = NULL;
  while (head) {
    Node* next = head->next;
    head->next = done, done = head, head = next;
  }
  return done;
}
static uint32_t scan(const char* text) {
  enum { START, INTEGER, FLOAT, EXPONENT, INVALID } state = START;
  uint32_t counts[5] = {0};
  for (; *text; ++text) {
    char c = *text;
    if (c == ',') {
      ++counts[state];
      state = START;
    } else switch (state) {
      case START: state = c >= '0' && c <= '9' ? INTEGER : c == '+' || c == '-' ? INTEGER : c == '.' ? FLOAT : INVALID; break;
      case INTEGER: state = c == '.' ? FLOAT : c >= '0' && c <= '9' ? INTEGER : INVALID; break;
      case FLOAT: state = c == 'e' || c == 'E' ? EXPONENT : c >= '0' && c <= '9' ? FLOAT : INVALID; break;
      case EXPONENT: state = c >= '0' && c <= '9' ? EXPONENT : c == '-' || c == '+' ? EXPONENT : INVALID; break;
      case INVALID: break;
    }
  }
  return counts[1] + counts[2] * 7 + counts[3] * 31 + counts[4] * 101;
}
uint64_t kernel(void) {
  static const char kText[] = "5012,1234,-874,+122,35.54400,.1234500,-110.700,+0.64400,5.500e+3,-.123e-2,-87e+832,T0.3e-1F,-T.T++Tq,";
  uint16_t c = 0;
  for (int round = 0; round < 300; ++round) {
    for (uint32_t i = 0; i < kNodes; ++i) nodes[i] = (Node){i + 1 < kNodes ? &nodes[i + 1] : NULL, i * 37 % kNodes, i};
    Node* list = nodes;
    for (uint32_t key = 0; key < 40; ++key) {
      for (Node* n = list; n; n = n->next)
        if (n->key == key) c = crc(c, n->value);
      if (key % 8 == 0) list = reverse(list);
    }
    for (int i = 0; i < kMatrix; ++i)
      for (int j = 0; j < kMatrix; ++j) ma[i][j] = (int16_t)(i * j + round), mb[i][j] = (int16_t)(i - j);
    for (int i = 0; i < kMatrix; ++i)
      for (int j = 0; j < kMatrix; ++j) {
        int32_t sum = 0;
        for (int k = 0; k < kMatrix; ++k) sum += ma[i][k] * mb[k][j];
        mc[i][j] = sum;
      }
    c = crc(c, (uint32_t)mc[round % kMatrix][3]);
    for (int i = 0; i < 8; ++i) c = crc(c, scan(kText + i));
  }
  return c;
}
