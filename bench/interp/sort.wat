;; Recursion and data-dependent branches: quicksort of 400000 pseudo-random numbers.
(module
  (memory 32)
  (func $sort (param $low i32) (param $high i32)
    (local $i i32) (local $j i32) (local $pivot i32) (local $x i32) (local $y i32)
    (block $small
      (br_if $small (i32.ge_s (local.get $low) (local.get $high)))
      (local.set $pivot (i32.load (i32.and (i32.shr_u (i32.add (local.get $low) (local.get $high)) (i32.const 1)) (i32.const -4))))
      (local.set $i (local.get $low))
      (local.set $j (local.get $high))
      (block $split
        (loop $next
          (loop $up
            (local.set $x (i32.load (local.get $i)))
            (if (i32.lt_u (local.get $x) (local.get $pivot))
              (then (local.set $i (i32.add (local.get $i) (i32.const 4))) (br $up))))
          (loop $down
            (local.set $y (i32.load (local.get $j)))
            (if (i32.gt_u (local.get $y) (local.get $pivot))
              (then (local.set $j (i32.sub (local.get $j) (i32.const 4))) (br $down))))
          (if (i32.le_s (local.get $i) (local.get $j))
            (then
              (i32.store (local.get $i) (local.get $y))
              (i32.store (local.get $j) (local.get $x))
              (local.set $i (i32.add (local.get $i) (i32.const 4)))
              (local.set $j (i32.sub (local.get $j) (i32.const 4)))))
          (br_if $next (i32.le_s (local.get $i) (local.get $j)))))
      (call $sort (local.get $low) (local.get $j))
      (call $sort (local.get $i) (local.get $high))))
  (func (export "run") (result i32)
    (local $i i32) (local $seed i32)
    (local.set $seed (i32.const 12345))
    (loop $fill
      (local.set $seed (i32.add (i32.mul (local.get $seed) (i32.const 1103515245)) (i32.const 12345)))
      (i32.store offset=16 (i32.shl (local.get $i) (i32.const 2)) (i32.shr_u (local.get $seed) (i32.const 4)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $fill (i32.lt_u (local.get $i) (i32.const 400000))))
    (call $sort (i32.const 16) (i32.const 1600012))
    (i32.load (i32.const 800016))))
