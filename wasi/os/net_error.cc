// Host errors to NetErrors. Spec: wasi:sockets/network error-code, "POSIX equivalent".
#include "wasi/os/net_error.h"

namespace skiff::wasi {

NetError net_error_of(Errno e) {
  switch (e) {
    case Errno::Acces:
    case Errno::Perm: return NetError::AccessDenied;
    case Errno::NotSup:
    case Errno::AfNoSupport:
    case Errno::ProtoNoSupport:
    case Errno::NoProtoOpt:
    case Errno::NoSys: return NetError::NotSupported;
    case Errno::Inval:
    case Errno::DestAddrReq:
    case Errno::IsConn: return NetError::InvalidArgument;
    case Errno::NoMem:
    case Errno::NoBufs: return NetError::OutOfMemory;
    case Errno::TimedOut: return NetError::Timeout;
    case Errno::Already: return NetError::ConcurrencyConflict;
    case Errno::Again:
    case Errno::InProgress: return NetError::WouldBlock;
    case Errno::NotConn: return NetError::InvalidState;
    case Errno::MFile:
    case Errno::NFile: return NetError::NewSocketLimit;
    case Errno::AddrNotAvail: return NetError::AddressNotBindable;
    case Errno::AddrInUse: return NetError::AddressInUse;
    case Errno::HostUnreach:
    case Errno::NetUnreach:
    case Errno::NetDown:
    case Errno::NetReset: return NetError::RemoteUnreachable;
    case Errno::ConnRefused: return NetError::ConnectionRefused;
    case Errno::ConnReset:
    case Errno::Pipe: return NetError::ConnectionReset;
    case Errno::ConnAborted: return NetError::ConnectionAborted;
    case Errno::MsgSize: return NetError::DatagramTooLarge;
    default: return NetError::Unknown;
  }
}

NetError last_net_error() { return net_error_of(last_errno()); }

}  // namespace skiff::wasi
