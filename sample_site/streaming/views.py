from django.http import HttpRequest, JsonResponse


def health(request: HttpRequest) -> JsonResponse:
    """For the load balancer: the process answers."""
    return JsonResponse({"status": "ok"})


def broken(request: HttpRequest) -> JsonResponse:
    """A partner's feature that nobody has switched off since the partner left."""
    partners: dict[str, str] = {}
    return JsonResponse({"offer": partners["acme"]})
