import type { LanguageId } from '../../../server/languages/types.js';

/** The same function in every language: a loop, a branch, an augmented assignment, a call, a handler. */
export const FUNCTIONS: Record<LanguageId, string> = {
  python: `def f(xs, k):
    total = 0
    for x in xs:
        if x > k:
            total += x * 2
        else:
            total = total - g(x, k)
    while total < 10:
        total = total + 1
    try:
        h(total)
    except ValueError as e:
        print(e)
    return total
`,
  typescript: `function f(xs: number[], k: number): number {
  let total = 0;
  for (const x of xs) {
    if (x > k) {
      total += x * 2;
    } else {
      total = total - g(x, k);
    }
  }
  while (total < 10) {
    total = total + 1;
  }
  try {
    h(total);
  } catch (e) {
    console.log(e);
  }
  return total;
}`,
  tsx: `f(xs: number[], k: number): number {
  let total = 0;
  for (const x of xs) {
    if (x > k) {
      total += x * 2;
    } else {
      total = total - g(x, k);
    }
  }
  while (total < 10) {
    total = total + 1;
  }
  try {
    h(total);
  } catch (e) {
    console.log(e);
  }
  return total;
}`,
  javascript: `const f = (xs, k) => {
  let total = 0;
  for (const x of xs) {
    if (x > k) {
      total += x * 2;
    } else {
      total = total - g(x, k);
    }
  }
  while (total < 10) {
    total = total + 1;
  }
  try {
    h(total);
  } catch (e) {
    console.log(e);
  }
  return total;
}`,
  go: `func f(xs []int, k int) int {
	total := 0
	for _, x := range xs {
		if x > k {
			total += x * 2
		} else {
			total = total - g(x, k)
		}
	}
	for total < 10 {
		total = total + 1
	}
	if err := h(total); err != nil {
		fmt.Println(err)
	}
	return total
}`,
  java: `public int f(int[] xs, int k) {
    int total = 0;
    for (int x : xs) {
        if (x > k) {
            total += x * 2;
        } else {
            total = total - g(x, k);
        }
    }
    while (total < 10) {
        total = total + 1;
    }
    try {
        h(total);
    } catch (IOException e) {
        System.out.println(e);
    }
    return total;
}`,
  rust: `fn f(xs: &[i32], k: i32) -> i32 {
    let mut total = 0;
    for x in xs {
        if x > k {
            total += x * 2;
        } else {
            total = total - g(x, k);
        }
    }
    while total < 10 {
        total = total + 1;
    }
    match h(total) {
        Ok(_) => {}
        Err(e) => println!("{}", e),
    }
    total
}`,
  c: `int f(const int *xs, int n, int k) {
    int total = 0;
    for (int i = 0; i < n; i++) {
        int x = xs[i];
        if (x > k) {
            total += x * 2;
        } else {
            total = total - g(x, k);
        }
    }
    while (total < 10) {
        total = total + 1;
    }
    printf("%d", total);
    return total;
}`,
  cpp: `int Foo::f(const std::vector<int> &xs, int k) const {
    int total = 0;
    for (auto x : xs) {
        if (x > k) {
            total += x * 2;
        } else {
            total = total - g(x, k);
        }
    }
    while (total < 10) {
        total = total + 1;
    }
    try {
        h(total);
    } catch (const std::exception &e) {
        std::cout << e.what();
    }
    return total;
}`,
  ruby: `def f(xs, k)
  total = 0
  xs.each do |x|
    if x > k
      total += x * 2
    else
      total = total - g(x, k)
    end
  end
  while total < 10
    total = total + 1
  end
  begin
    h(total)
  rescue ValueError => e
    puts e
  end
  total
end`,
  php: `public function f(array $xs, int $k): int {
    $total = 0;
    foreach ($xs as $x) {
        if ($x > $k) {
            $total += $x * 2;
        } else {
            $total = $total - g($x, $k);
        }
    }
    while ($total < 10) {
        $total = $total + 1;
    }
    try {
        h($total);
    } catch (Exception $e) {
        echo $e;
    }
    return $total;
}`,
  csharp: `public int F(int[] xs, int k) {
    var total = 0;
    foreach (var x in xs) {
        if (x > k) {
            total += x * 2;
        } else {
            total = total - g(x, k);
        }
    }
    while (total < 10) {
        total = total + 1;
    }
    try {
        h(total);
    } catch (IOException e) {
        Console.WriteLine(e);
    }
    return total;
}`,
  kotlin: `override fun f(xs: List<Int>, k: Int): Int {
    var total = 0
    for (x in xs) {
        if (x > k) {
            total += x * 2
        } else {
            total = total - g(x, k)
        }
    }
    while (total < 10) {
        total = total + 1
    }
    try {
        h(total)
    } catch (e: IOException) {
        println(e)
    }
    return total
}`,
  scala: `def f(xs: List[Int], k: Int): Int = {
  var total = 0
  for (x <- xs) {
    if (x > k) {
      total += x * 2
    } else {
      total = total - g(x, k)
    }
  }
  while (total < 10) {
    total = total + 1
  }
  try {
    h(total)
  } catch {
    case e: IOException => println(e)
  }
  total
}`,
  lua: `local function f(xs, k)
  local total = 0
  for _, x in ipairs(xs) do
    if x > k then
      total = total + x * 2
    else
      total = total - g(x, k)
    end
  end
  while total < 10 do
    total = total + 1
  end
  h(total)
  return total
end`,
  bash: `f() {
  local total=0
  for x in "$@"; do
    if [ "$x" -gt "$k" ]; then
      total=$((total + x * 2))
    else
      total=$(g "$x" "$k")
    fi
  done
  while [ "$total" -lt 10 ]; do
    total=$((total + 1))
  done
  echo "$total"
}`,
};
