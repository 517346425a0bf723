;; Bit by bit and table-driven CRC-32 of 512 KiB.
(module
  (memory 16)
  (func (export "run") (result i32)
    (local $i i32) (local $bit i32) (local $crc i32) (local $round i32)
    ;; the table, at 0
    (loop $entries
      (local.set $crc (local.get $i))
      (local.set $bit (i32.const 8))
      (loop $bits
        (local.set $crc
          (select
            (i32.xor (i32.shr_u (local.get $crc) (i32.const 1)) (i32.const 0xEDB88320))
            (i32.shr_u (local.get $crc) (i32.const 1))
            (i32.and (local.get $crc) (i32.const 1))))
        (br_if $bits (local.tee $bit (i32.sub (local.get $bit) (i32.const 1)))))
      (i32.store (i32.shl (local.get $i) (i32.const 2)) (local.get $crc))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $entries (i32.lt_u (local.get $i) (i32.const 256))))
    (local.set $i (i32.const 0))
    (loop $fill
      (i32.store8 offset=1024 (local.get $i) (i32.mul (local.get $i) (i32.const 167)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $fill (i32.lt_u (local.get $i) (i32.const 524288))))
    (loop $rounds
      (local.set $crc (i32.const -1))
      (local.set $i (i32.const 0))
      (loop $bytes
        (local.set $crc
          (i32.xor
            (i32.load (i32.shl
              (i32.and (i32.xor (local.get $crc) (i32.load8_u offset=1024 (local.get $i))) (i32.const 255))
              (i32.const 2)))
            (i32.shr_u (local.get $crc) (i32.const 8))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $bytes (i32.lt_u (local.get $i) (i32.const 524288))))
      (local.set $round (i32.add (local.get $round) (i32.const 1)))
      (br_if $rounds (i32.lt_u (local.get $round) (i32.const 20))))
    (i32.xor (local.get $crc) (i32.const -1))))
