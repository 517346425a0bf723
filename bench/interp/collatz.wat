;; i64 arithmetic and branches: the longest Collatz sequence that starts below 200000.
(module
  (func (export "run") (result i32)
    (local $start i64) (local $n i64) (local $steps i32) (local $best i32)
    (local.set $start (i64.const 1))
    (loop $starts
      (local.set $n (local.get $start))
      (local.set $steps (i32.const 0))
      (block $done
        (loop $step
          (br_if $done (i64.eq (local.get $n) (i64.const 1)))
          (local.set $n
            (if (result i64) (i32.wrap_i64 (i64.and (local.get $n) (i64.const 1)))
              (then (i64.add (i64.mul (local.get $n) (i64.const 3)) (i64.const 1)))
              (else (i64.shr_u (local.get $n) (i64.const 1)))))
          (local.set $steps (i32.add (local.get $steps) (i32.const 1)))
          (br $step)))
      (if (i32.gt_u (local.get $steps) (local.get $best)) (then (local.set $best (local.get $steps))))
      (local.set $start (i64.add (local.get $start) (i64.const 1)))
      (br_if $starts (i64.lt_u (local.get $start) (i64.const 200000))))
    (local.get $best)))
