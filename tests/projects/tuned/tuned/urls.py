from django.urls import path

from tuned import views

urlpatterns = [
    path("plain/", views.plain),
    path("enabled/", views.enabled),
    path("reset/", views.reset),
    path("cyclic/", views.cyclic),
    path("dropped/", views.dropped),
    path("written/", views.written),
]
