#include "../kernels.h"

namespace bc {
namespace BC_ISA {

#define BC_DECLARE(result, name, params) result name params;
BC_KERNELS(BC_DECLARE)
#undef BC_DECLARE

#define BC_TEXT_(x) #x
#define BC_TEXT(x) BC_TEXT_(x)
#define BC_ENTRY(result, name, params) name,
extern const Kernels table;
const Kernels table = {BC_TEXT(BC_ISA), BC_KERNELS(BC_ENTRY)};

}  // namespace BC_ISA
}  // namespace bc
