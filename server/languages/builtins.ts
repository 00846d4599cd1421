import { words } from './language.js';
import type { LanguageId } from './types.js';

const SCRIPT = `Array ArrayBuffer BigInt Boolean DataView Date Error Float32Array Float64Array Function Infinity Int32Array
  Intl JSON Map Math NaN Number Object Promise Proxy RangeError Reflect RegExp Set String Symbol SyntaxError TypeError
  Uint8Array Uint32Array WeakMap WeakSet AbortController Blob Buffer Event FormData Headers Image Node Request Response
  TextDecoder TextEncoder URL URLSearchParams Worker XMLHttpRequest __dirname __filename alert arguments
  cancelAnimationFrame clearImmediate clearInterval clearTimeout console crypto decodeURIComponent document
  encodeURIComponent exports fetch global globalThis isFinite isNaN localStorage location module navigator parseFloat
  parseInt performance process queueMicrotask require requestAnimationFrame self sessionStorage setImmediate setInterval
  setTimeout structuredClone super this undefined window`;

/** Names that code may use without declaring or importing them, the common ones. */
const BUILTINS: Record<LanguageId, ReadonlySet<string>> = {
  typescript: words(SCRIPT),
  tsx: words(`${SCRIPT} React`),
  javascript: words(SCRIPT),
  python:
    words(`abs all any ascii bin bool breakpoint bytearray bytes callable chr classmethod compile complex delattr
    dict dir divmod enumerate eval exec filter float format frozenset getattr globals hasattr hash help hex id input int
    isinstance issubclass iter len list locals map max memoryview min next object oct open ord pow print property range
    repr reversed round set setattr slice sorted staticmethod str sum super tuple type vars zip __import__ __name__
    __file__ __doc__ self cls Ellipsis NotImplemented ArithmeticError AssertionError AttributeError BaseException
    ConnectionError DeprecationWarning EOFError Exception FileExistsError FileNotFoundError FutureWarning ImportError
    IndexError IOError KeyError KeyboardInterrupt LookupError MemoryError ModuleNotFoundError NameError
    NotImplementedError OSError OverflowError PermissionError RecursionError RuntimeError RuntimeWarning StopIteration
    SyntaxError SystemExit TimeoutError TypeError UnicodeDecodeError UnicodeError UserWarning ValueError Warning
    ZeroDivisionError`),
  go: words(`any append bool byte cap clear close comparable complex complex64 complex128 copy delete error false
    float32 float64 imag int int8 int16 int32 int64 iota len make max min new nil panic print println real recover rune
    string struct true uint uint8 uint16 uint32 uint64 uintptr bufio bytes context errors fmt io math os sort strconv
    strings sync time`),
  java: words(`this super ArithmeticException ArrayList Arrays AssertionError Boolean Byte Character Class
    ClassCastException Collections Comparable Double Enum Error Exception Float HashMap HashSet
    IllegalArgumentException IllegalStateException IndexOutOfBoundsException Integer Iterable LinkedList List Long Map
    Math NullPointerException Number NumberFormatException Object Objects Optional Override Record RuntimeException Set
    Short StringBuffer StringBuilder String System Thread ThreadLocal Throwable UnsupportedOperationException boolean
    byte char double float int long short`),
  rust: words(`Box Clone Copy Debug Default Drop Eq Err From FnMut FnOnce Into Iterator None Ok Option Ord PartialEq
    PartialOrd Result Self Some String ToString Vec alloc assert assert_eq assert_ne bool cfg char compile_error concat
    core crate dbg debug_assert debug_assert_eq drop env eprint eprintln f32 f64 format format_args i8 i16 i32 i64 i128
    include_str isize line matches panic print println self std str stringify super todo u8 u16 u32 u64 u128
    unimplemented unreachable usize vec write writeln`),
  c: words(`EOF FILE INT_MAX INT_MIN NULL SIZE_MAX abort abs assert atoi bool calloc errno exit fclose fflush fgets
    fopen fprintf fputs fread free fseek fwrite getchar isalnum isalpha isdigit isspace malloc memcmp memcpy memmove
    memset perror printf putchar puts qsort realloc scanf size_t snprintf sprintf sscanf stderr stdin stdout strcat
    strchr strcmp strcpy strdup strerror strlen strncmp strncpy strrchr strstr strtol tolower toupper`),
  cpp: words(`EOF INT_MAX INT_MIN NULL SIZE_MAX abort abs assert calloc cerr cin cout endl exit fprintf free make_pair
    make_shared make_unique malloc max memcmp memcpy memmove memset min move pair printf size_t snprintf sort static_cast
    dynamic_cast reinterpret_cast const_cast std strcmp strlen string swap this vector`),
  ruby: words(`ARGV ArgumentError Array Class Comparable Dir ENV Enumerable Exception File FileUtils Float Hash IO
    IOError IndexError Integer JSON Kernel KeyError Marshal Math Module NameError NoMethodError NotImplementedError
    Object Proc Process Range Rational Regexp RuntimeError STDERR STDIN STDOUT Set StandardError String StringIO Struct
    Symbol SystemExit Thread Time TypeError ZeroDivisionError __FILE__ __dir__ __method__ abort attr_accessor attr_reader
    binding block_given? caller catch define_method eval exit extend fail format freeze gets include instance_eval
    instance_variable_get instance_variable_set is_a? lambda loop method nil? open p print private proc public public_send
    putc puts raise rand require require_relative respond_to? select self send sleep sprintf srand super system throw warn
    yield`),
  php: words(`$this $_GET $_POST $_SERVER $_SESSION $GLOBALS self static parent ArgumentCountError ArrayAccess
    ArrayObject BadMethodCallException Closure Countable DateTime DateTimeImmutable Error Exception Generator
    InvalidArgumentException Iterator LogicException OutOfBoundsException RuntimeException stdClass Throwable TypeError
    UnexpectedValueException ValueError PHP_EOL PHP_INT_MAX PHP_VERSION DIRECTORY_SEPARATOR E_USER_DEPRECATED __CLASS__
    __DIR__ __FILE__ __FUNCTION__ __LINE__ __METHOD__ __NAMESPACE__ abs array array_combine array_diff array_fill
    array_filter array_flip array_intersect array_key_exists array_key_first array_key_last array_keys array_map
    array_merge array_pop array_push array_reduce array_reverse array_search array_shift array_slice array_splice
    array_sum array_unique array_unshift array_values array_walk assert basename call_user_func call_user_func_array ceil
    chr class_exists compact count ctype_digit current date define defined die dirname echo empty end exit explode extract
    fclose feof fgets file_exists file_get_contents file_put_contents filter_var floor fopen fread func_get_args
    function_exists fwrite get_class get_object_vars gettype hash header htmlspecialchars implode in_array ini_get intdiv
    interface_exists intval is_a is_array is_bool is_callable is_dir is_file is_float is_int is_null is_numeric is_object
    is_resource is_string is_subclass_of isset iterator_to_array join json_decode json_encode key ksort lcfirst list ltrim
    max mb_strlen mb_strtolower mb_substr md5 method_exists microtime min mkdir next number_format ord parse_url
    preg_match preg_match_all preg_quote preg_replace preg_replace_callback preg_split print print_r printf
    property_exists rand random_int range realpath reset round rtrim serialize setlocale sha1 sleep sort spl_object_hash
    sprintf sqrt str_contains str_ends_with str_pad str_repeat str_replace str_split str_starts_with strcmp stripos strlen
    strpos strrev strrpos strstr strtolower strtotime strtoupper strtr strval substr substr_count time trigger_error trim
    ucfirst ucwords uksort uniqid unlink unserialize unset urlencode usleep usort var_dump vsprintf`),
  csharp:
    words(`Action ArgumentException ArgumentNullException ArgumentOutOfRangeException Array Attribute BitConverter
    Boolean Buffer CancellationToken Char Console Convert CultureInfo DateTime DateTimeOffset Debug Decimal Dictionary
    Directory Double Encoding Enum Enumerable Environment EqualityComparer Exception File Func GC Guid HashCode HashSet
    IEnumerable IndexOutOfRangeException Int32 Int64 Interlocked InvalidCastException InvalidOperationException Lazy List
    Math NotImplementedException NotSupportedException NullReferenceException Object ObjectDisposedException Path Random
    Regex Span String StringBuilder StringComparer StringComparison Task Thread TimeSpan Tuple Type Uri ValueTask base bool
    byte char decimal double float int long nameof object sbyte short string this typeof uint ulong ushort value _`),
  kotlin: words(`ArrayList Array Boolean Byte Char Double Exception Float IllegalArgumentException
    IllegalStateException Int IntArray Iterable List Long Map Math MutableList MutableMap Pair Regex Result
    RuntimeException Set String StringBuilder System Throwable Triple Unit UnsupportedOperationException also apply
    arrayListOf arrayOf arrayOfNulls assert buildList buildString check checkNotNull emptyList emptyMap emptySet error
    field generateSequence hashMapOf it intArrayOf lazy let linkedMapOf listOf listOfNotNull mapOf maxOf minOf
    mutableListOf mutableMapOf mutableSetOf print println repeat require requireNotNull run runCatching sequence
    sequenceOf setOf super takeIf this to todo with`),
  scala:
    words(`Array Boolean Byte Char Double Either Exception Float Function Future IllegalArgumentException
    IllegalStateException Int Iterator Left List Long Map Math Nil None Nothing Option Ordering Predef Range Right
    RuntimeException Seq Set Some Stream String StringBuilder System Throwable Try Tuple2 Unit Vector assert classOf
    identity implicitly math mutable print println require scala self super this _`),
  lua: words(`_ENV _G _VERSION arg assert collectgarbage coroutine debug dofile error getmetatable io ipairs load
    loadfile loadstring math module next os package pairs pcall print rawequal rawget rawlen rawset require select self
    setmetatable string table tonumber tostring type unpack utf8 xpcall`),
  bash: words(`# ? @ * ! - _ 0 1 2 3 4 5 6 7 8 9 BASH_SOURCE EDITOR HOME HOSTNAME IFS LANG LINENO OPTARG OPTIND PATH
    PWD RANDOM REPLY SECONDS SHELL TMPDIR UID USER alias awk basename bg bc break builtin case cat cd chmod chown command
    continue cp curl cut date declare df diff dirname du echo env eval exec exit export expr false fg find getopts grep
    gzip hash head hostname id install jobs kill let ln local ls make mapfile mkdir mktemp mv printf ps pushd popd pwd
    read readarray readlink realpath return rm rmdir sed set seq shift shopt sleep sort source ssh sudo tail tar tee test
    time touch tr trap true type ulimit umask uname uniq unset wait wc wget which whoami xargs git [ [[ .`),
};

/** The names that every program of a language has. */
export function builtinsOf(language: LanguageId): ReadonlySet<string> {
  return BUILTINS[language];
}
